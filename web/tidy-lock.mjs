// Drops from package-lock.json what names a host and is not needed to install (funding links,
// deprecation notes), and refuses a lock that still holds an address.
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8"));
for (const entry of Object.values(lock.packages)) {
  delete entry.funding;
  delete entry.deprecated;
}
const text = JSON.stringify(lock, null, 2) + "\n";
const address = /https?:[^"]*/.exec(text);
if (address) {
  console.error(`package-lock.json holds an address: ${address[0]}`);
  process.exit(1);
}
writeFileSync(path, text);
