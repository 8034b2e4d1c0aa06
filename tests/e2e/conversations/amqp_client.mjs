// SPDX-License-Identifier: MIT
//
// amqp_client.mjs PACKAGES HOST:PORT - amqplib publishes three messages, each confirmed before the next.
import {createRequire} from "node:module";

const [packages, broker] = process.argv.slice(2);
const amqp = createRequire(`${packages}/`)("amqplib");
const connection = await amqp.connect(`amqp://guest:guest@${broker}`);
const channel = await connection.createConfirmChannel();
await channel.assertQueue("words");
for (const word of ["one", "two", "three"]) {
  channel.sendToQueue("words", Buffer.from(word));
  await channel.waitForConfirms();
  console.log(word, "confirmed");
}
await channel.close();
await connection.close();
