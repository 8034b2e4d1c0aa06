// SPDX-License-Identifier: MIT
//
// mongodb_client.mjs PACKAGES HOST:PORT - MongoDB's driver says ping and inserts a document, and tries nothing again.
import {createRequire} from "node:module";

const [packages, server] = process.argv.slice(2);
const {MongoClient} = createRequire(`${packages}/`)("mongodb");
const client = new MongoClient(`mongodb://${server}/`,
  {directConnection: true, retryReads: false, retryWrites: false, serverSelectionTimeoutMS: 20000});
try {
  const db = client.db("rude");
  console.log("ping", (await db.command({ping: 1})).ok);
  console.log("insert", (await db.collection("words").insertOne({word: "one"})).acknowledged);
} finally {
  await client.close();
}
