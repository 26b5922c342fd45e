/**
 * The contract's messages, as `proto/wirecheck/v1/peer.proto` describes them.
 *
 * They are loaded as a user of grpc-js loads his own. A 64-bit number is a string of digits, as
 * JavaScript's numbers end at 2^53; an enum's value is its name; and a oneof has a property of its
 * name, which says the field that is set.
 * @module
 */

import { fileURLToPath } from 'node:url';
import protoLoader from '@grpc/proto-loader';

/** @typedef {Record<string, any>} Fields A message of the contract, by the names of the schema. */
/** @typedef {Fields & { kind?: string, name: string, requires: string[] }} Step */
/** @typedef {{ key: string, value: Buffer }} Metadatum */

/** Where the schemas are. */
export const PROTO = fileURLToPath(new URL('../../proto', import.meta.url));

const definitions = protoLoader.loadSync('wirecheck/v1/peer.proto', {
  includeDirs: [PROTO],
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});

export const ToPeer = messageType('ToPeer');
export const FromPeer = messageType('FromPeer');
export const Report = messageType('Report');

/**
 * @param {string} name
 * @returns {import('@grpc/proto-loader').MessageTypeDefinition<Fields, Fields>}
 */
function messageType(name) {
  return /** @type {any} */ (definitions[`wirecheck.v1.${name}`]);
}
