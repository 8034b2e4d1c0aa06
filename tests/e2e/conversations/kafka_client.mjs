// SPDX-License-Identifier: MIT
//
// kafka_client.mjs PACKAGES HOST:PORT - kafkajs sends three messages, one after the other, and tries nothing again.
import {createRequire} from "node:module";

const [packages, broker] = process.argv.slice(2);
const {Kafka, logLevel} = createRequire(`${packages}/`)("kafkajs");
const kafka = new Kafka({clientId: "rude", brokers: [broker], logLevel: logLevel.NOTHING, retry: {retries: 0}});
const producer = kafka.producer();
await producer.connect();
for (const value of ["one", "two", "three"]) {
  const [{baseOffset}] = await producer.send({topic: "words", messages: [{value}]});
  console.log(value, baseOffset);
}
await producer.disconnect();
