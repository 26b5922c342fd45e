/**
 * Frames: an envelope's length as a varint, then the envelope. No input or output here.
 * @module
 */

import * as contract from './contract.js';
import { BrokenContract, words } from './errors.js';

/** @typedef {import('./contract.js').Fields} Fields */

export const MAGIC = 0x57434b31;
export const MAX_ENVELOPE = 8 * 1024 * 1024; // Bytes.
export const HALF_READ_LIMIT = 5_000; // Milliseconds for which a frame may stay incomplete.

const MAX_LENGTH = 5; // Bytes of the longest varint that is looked at.

// The magic number as it stands on the wire: field 1, fixed32, little-endian.
const PREFIX = Buffer.from([0x0d, 0, 0, 0, 0]);
PREFIX.writeUInt32LE(MAGIC, 1);

/**
 * The frame of an event.
 * @param {Fields} event Named as in `FromPeer`.
 */
export function encode(event) {
  const body = contract.FromPeer.serialize({ magic: MAGIC, ...event });
  return Buffer.concat([varint(body.length), body]);
}

/** @param {number} value */
function varint(value) {
  const encoded = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) {
    encoded.push((rest & 0x7f) | 0x80);
  }
  return Buffer.from([...encoded, rest]);
}

/** Cuts the bytes of stdin into orders, however they were split over reads. */
export class FrameParser {
  /** @type {Buffer[]} Joined only when a frame is whole, so that a long one is copied once. */
  #chunks = [];
  #size = 0;
  #wanted = 0; // Bytes that are needed before it is worth looking again.

  /** Whether a frame has begun and is not yet complete. */
  get halfRead() {
    return this.#size > 0;
  }

  /**
   * Takes bytes and gives the orders that they complete.
   *
   * Throws `BrokenContract` as early as the bytes show it: text that was read as a length must not
   * make the peer wait for a frame that never comes.
   * @param {Buffer} data
   */
  feed(data) {
    this.#chunks.push(data);
    this.#size += data.length;
    const orders = [];
    for (let body = this.#takeBody(); body !== null; body = this.#takeBody()) {
      orders.push(decode(body));
    }
    return orders;
  }

  #takeBody() {
    if (this.#size === 0 || this.#size < this.#wanted) {
      return null;
    }
    const buffer = this.#join();
    const header = readLength(buffer);
    if (header === null) {
      return null;
    }
    checkPrefix(buffer, header);
    const end = header.start + header.length;
    // Until all of the magic number is there, each byte may show that it is wrong.
    this.#wanted = buffer.length < header.start + PREFIX.length ? 0 : end;
    if (buffer.length < end) {
      return null;
    }
    this.#keep(buffer.subarray(end));
    return buffer.subarray(header.start, end);
  }

  #join() {
    if (this.#chunks.length > 1) {
      this.#chunks = [Buffer.concat(this.#chunks)];
    }
    return this.#chunks[0];
  }

  /** @param {Buffer} rest */
  #keep(rest) {
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#size = rest.length;
    this.#wanted = 0;
  }
}

/** @param {Buffer} buffer */
function readLength(buffer) {
  let length = 0;
  for (const [position, byte] of buffer.subarray(0, MAX_LENGTH + 1).entries()) {
    length += (byte & 0x7f) * 2 ** (7 * position);
    if (length > MAX_ENVELOPE || position >= MAX_LENGTH) {
      throw new BrokenContract(`an envelope of more than ${MAX_ENVELOPE} bytes`);
    }
    if (byte < 0x80) {
      return { start: position + 1, length };
    }
  }
  return null;
}

/**
 * @param {Buffer} buffer
 * @param {{ start: number, length: number }} header
 */
function checkPrefix(buffer, { start, length }) {
  if (length < PREFIX.length) {
    throw new BrokenContract(`an envelope of ${length} bytes has no room for the magic number`);
  }
  const prefix = buffer.subarray(start, start + PREFIX.length);
  if (!PREFIX.subarray(0, prefix.length).equals(prefix)) {
    const hex = prefix.toString('hex').replace(/(..)(?=.)/g, '$1 ');
    throw new BrokenContract(`an envelope begins with ${hex}, not the magic number`);
  }
}

/** @param {Buffer} body */
function decode(body) {
  try {
    return contract.ToPeer.deserialize(body);
  } catch (error) {
    throw new BrokenContract(`an envelope cannot be decoded: ${words(error)}`);
  }
}
