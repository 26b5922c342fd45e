/**
 * The contract's messages, as `proto/wirecheck/v1/peer.proto` describes them.
 *
 * A 64-bit number is a string of digits, as JavaScript's numbers end at 2^53; an enum's value is its
 * name; and a oneof has a property of its own name, which says the field that is set.
 *
 * protobufjs reads the schema without proto-loader, which would prepare what only services need, in
 * a fifth of the time that a peer takes to start.
 * @module
 */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

/** @typedef {Record<string, any>} Fields A message of the contract, by the names of the schema. */
/** @typedef {Fields & { kind?: string, name: string, requires: string[] }} Step */
/** @typedef {{ key: string, value: Buffer }} Metadatum */

/** Where the schemas are. */
export const PROTO = fileURLToPath(new URL('../../proto', import.meta.url));

const CONVERSION = { longs: String, enums: String, defaults: true, oneofs: true };

const root = loadSchemas(['wirecheck/v1/peer.proto'], { keepCase: true });

export const ToPeer = messageType('ToPeer');
export const FromPeer = messageType('FromPeer');
export const Report = messageType('Report');

/**
 * The types of some schemas of the project.
 * @param {string[]} files
 * @param {import('protobufjs').IParseOptions} options
 */
export function loadSchemas(files, options = {}) {
  const loaded = new protobuf.Root();
  loaded.resolvePath = (_, file) => join(PROTO, file);
  return loaded.loadSync(files, options);
}

/** @param {string} name */
function messageType(name) {
  const type = root.lookupType(`wirecheck.v1.${name}`);
  return {
    /** @param {Fields} fields @returns {Buffer} */
    serialize: (fields) => /** @type {Buffer} */ (type.encode(type.fromObject(fields)).finish()),
    /** @param {Buffer} data @returns {Fields} */
    deserialize: (data) => type.toObject(type.decode(data), CONVERSION),
  };
}
