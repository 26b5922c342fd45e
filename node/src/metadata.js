/**
 * Metadata between the contract and grpc-js, and the one key that carries a status' details.
 * @module
 */

import grpc from '@grpc/grpc-js';
import { log } from './stdio.js';

/** @typedef {import('./contract.js').Metadatum} Metadatum */

const MAX_REPORTED = 1024 * 1024; // Bytes of keys and values.
const DETAILS_KEY = 'grpc-status-details-bin';

/**
 * Metadata as grpc-js takes it: text, and bytes for keys that end in `-bin`.
 * @param {Metadatum[]} entries
 */
export function toMetadata(entries) {
  const metadata = new grpc.Metadata();
  for (const { key, value } of entries) {
    metadata.add(key, key.toLowerCase().endsWith('-bin') ? value : value.toString());
  }
  return metadata;
}

/**
 * Metadata as grpc-js gives it, cut where it would fill the better part of an envelope.
 * @param {import('@grpc/grpc-js').Metadata | undefined} metadata
 * @returns {Metadatum[]}
 */
export function fromMetadata(metadata) {
  const entries = [];
  let left = MAX_REPORTED;
  for (const [key, value] of pairs(metadata ?? new grpc.Metadata())) {
    const data = Buffer.from(value);
    left -= key.length + data.length;
    if (left < 0) {
      log(`metadata of more than ${MAX_REPORTED} bytes is cut before '${key}'`);
      break;
    }
    entries.push({ key, value: data });
  }
  return entries;
}

/** @param {import('@grpc/grpc-js').Metadata} metadata */
function pairs(metadata) {
  const keys = Object.keys(metadata.getMap());
  return keys.flatMap((key) =>
    metadata.get(key).map((value) => /** @type {[string, any]} */ ([key, value])),
  );
}

/**
 * What a status sends besides its code and message.
 * @param {import('./contract.js').Fields} status
 */
export function trailing(status) {
  const metadata = toMetadata(status.trailing);
  if (status.details.length > 0) {
    metadata.set(DETAILS_KEY, status.details);
  }
  return metadata;
}

/**
 * The details among trailing metadata, empty if there are none.
 * @param {Metadatum[]} entries
 */
export function statusDetails(entries) {
  return entries.find(({ key }) => key === DETAILS_KEY)?.value ?? Buffer.alloc(0);
}
