/**
 * Message types, what is sent, and what was seen of what came in.
 * @module
 */

import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import protobuf from 'protobufjs';
import { loadSchemas } from './contract.js';
import { CouldNotTryError, words } from './errors.js';

/** @typedef {import('./contract.js').Fields} Fields */
/** @typedef {import('./contract.js').Step} Step */
/**
 * How messages of one type become bytes and the other way round.
 * @typedef {{ serialize: (message: any) => Buffer, deserialize: (data: Buffer) => object }} MessageType
 */
/** @typedef {object | Buffer} Outgoing A message to be encoded, or bytes to be sent as they are. */

export const MAX_SEEN = 1_000; // Messages of which more than their number is reported.
const HEAD = 4 * 1024; // Bytes of a message that are always reported.
const WHOLE = 4 * 1024 * 1024; // Bytes of the longest message that is reported in full.
const MAX_FILL = 64 * 1024 * 1024; // Bytes of all fills of one payload.
const MAX_ERROR = 1_000; // Characters of a codec's error.
const MAX_POOLS = 32; // Descriptor sets that are kept ready.

// What only some runs need is loaded when they do: a peer must start fast.
const load = createRequire(import.meta.url);

const root = loadSchemas(['hello.proto', 'helloworld.proto']);

/** @type {Map<string, MessageType>} */
const builtIn = new Map(
  ['HelloRequest', 'HelloReply', 'helloworld.HelloRequest', 'helloworld.HelloReply'].map((name) => [
    name,
    codec(root.lookupType(`.${name}`)),
  ]),
);

// The interface of the official interop cases, loaded when it is asked for.
const OFFICIAL = 'grpc.testing.';
const OFFICIAL_SCHEMAS = ['grpc/testing/empty.proto', 'grpc/testing/messages.proto'];

/**
 * @param {string} name
 * @returns {MessageType | undefined}
 */
function builtInType(name) {
  if (name.startsWith(OFFICIAL) && !builtIn.has(name)) {
    const found = loadSchemas(OFFICIAL_SCHEMAS).lookup(`.${name}`);
    if (found instanceof protobuf.Type) {
      builtIn.set(name, codec(found));
    }
  }
  return builtIn.get(name);
}

/** @type {Map<string, import('protobufjs').Root>} The latest used is the last. */
const pools = new Map();

/**
 * A message type: described by the order itself, or built in.
 * @param {string} name
 * @param {Buffer} descriptorSet
 * @returns {MessageType}
 */
export function messageType(name, descriptorSet) {
  const known = builtInType(name);
  if (descriptorSet.length === 0 && known === undefined) {
    throw new CouldNotTryError(`'${name}' is not built in and no descriptor set came with it`);
  }
  const described = descriptorSet.length > 0 && pool(descriptorSet).lookup(`.${name}`);
  if (described instanceof protobuf.Type) {
    return codec(described);
  }
  if (known === undefined) {
    throw new CouldNotTryError(`the descriptor set has no message '${name}'`);
  }
  return known;
}

/** @param {Buffer} descriptorSet */
function pool(descriptorSet) {
  const key = createHash('sha256').update(descriptorSet).digest('base64');
  const found = pools.get(key) ?? readPool(descriptorSet);
  pools.delete(key);
  pools.set(key, found);
  if (pools.size > MAX_POOLS) {
    pools.delete(/** @type {string} */ (pools.keys().next().value));
  }
  return found;
}

/** @param {Buffer} descriptorSet */
function readPool(descriptorSet) {
  // It adds `fromDescriptor` to the roots of protobufjs as well.
  const descriptor = load('protobufjs/ext/descriptor');
  try {
    const files = descriptor.FileDescriptorSet.decode(descriptorSet);
    return /** @type {any} */ (protobuf.Root).fromDescriptor(files).resolveAll();
  } catch (error) {
    throw new CouldNotTryError(`the descriptor set cannot be used: ${words(error)}`);
  }
}

/**
 * What proto-loader makes of a type. It cannot find one within another message.
 * @param {import('protobufjs').Type} type
 * @returns {MessageType}
 */
function codec(type) {
  return {
    serialize: (message) => /** @type {Buffer} */ (type.encode(type.fromObject(message)).finish()),
    deserialize: (data) => type.toObject(type.decode(data)),
  };
}

/**
 * What a `message` or `raw` step sends.
 * @param {Step} step
 * @param {MessageType} type
 * @returns {Outgoing}
 */
export function outgoing(step, type) {
  if (step.kind === 'raw') {
    return payload(step.raw);
  }
  const data = payload(step.message);
  try {
    return type.deserialize(data);
  } catch (error) {
    throw new CouldNotTryError(`the given message cannot be decoded: ${words(error)}`);
  }
}

/** @param {Fields} given */
function payload(given) {
  /** @type {Fields[]} */
  const pieces = given.pieces;
  const filled = pieces.reduce((sum, { fill }) => sum + BigInt(fill?.count ?? 0), 0n);
  if (filled > MAX_FILL) {
    throw new CouldNotTryError(`the fills of a payload are longer than ${MAX_FILL} bytes`);
  }
  return pieces.length === 1 ? piece(pieces[0]) : Buffer.concat(pieces.map(piece));
}

/** @param {Fields} given */
function piece(given) {
  if (given.kind !== 'fill') {
    return given.bytes ?? Buffer.alloc(0);
  }
  if (given.fill.byte > 0xff) {
    throw new CouldNotTryError(`a fill repeats ${given.fill.byte}, which is no byte`);
  }
  return Buffer.alloc(Number(given.fill.count), given.fill.byte);
}

/**
 * grpc-js' serializer for a method: a message by its own code, bytes as they are.
 * @param {MessageType} type
 * @returns {(item: Outgoing) => Buffer}
 */
export function serializer(type) {
  return (item) => (Buffer.isBuffer(item) ? item : type.serialize(item));
}

/**
 * The numbers, from 1, of the steps that send a message.
 * @param {Step[]} steps
 */
export function payloadSteps(steps) {
  return steps.flatMap(({ kind }, index) =>
    kind === 'message' || kind === 'raw' ? [index + 1] : [],
  );
}

/**
 * The messages of one call.
 *
 * grpc-js decodes messages ahead of whoever reads them, so a message counts as received when it is
 * read, and one that the codec refused, which ends the call, comes last.
 */
export class Inbox {
  #type;
  /** @type {Fields[]} */
  #seen = [];
  #count = 0;
  /** @type {Fields[]} */
  #refusals = [];
  #allowance;

  /**
   * @param {MessageType} type
   * @param {boolean} whole
   */
  constructor(type, whole = false) {
    this.#type = type;
    // An event must fit into an envelope, so the messages of a call share one allowance for what
    // goes beyond the first bytes of each.
    this.#allowance = whole ? WHOLE : 0;
  }

  /** How many messages were received. */
  get count() {
    return this.#count + this.#refusals.length;
  }

  /**
   * What was received, at most the first `MAX_SEEN`.
   * @param {boolean} whole
   */
  report(whole) {
    const seen = [...this.#seen, ...this.#refusals].slice(0, MAX_SEEN);
    return whole ? seen : seen.map(short);
  }

  /**
   * Decodes as grpc-js has it done; an error is left to grpc-js, as with any user.
   * @param {Buffer} data
   */
  deserialize = (data) => {
    try {
      return this.#type.deserialize(data);
    } catch (error) {
      this.#refusals = [{ codec_error: words(error).slice(0, MAX_ERROR) }];
      throw error;
    }
  };

  /**
   * Notes a message that was read.
   * @param {object} message
   */
  note(message) {
    this.#count += 1;
    if (this.#count <= MAX_SEEN) {
      this.#seen.push(this.#look(message));
    }
  }

  /** @param {object} message */
  #look(message) {
    const data = this.#type.serialize(message);
    return {
      length: data.length,
      sha256: createHash('sha256').update(data).digest(),
      head: this.#head(data),
    };
  }

  /** @param {Buffer} data */
  #head(data) {
    if (data.length <= HEAD || data.length > this.#allowance) {
      return data.subarray(0, HEAD);
    }
    this.#allowance -= data.length;
    return data;
  }
}

/** @param {Fields} seen */
function short(seen) {
  return seen.head?.length > HEAD ? { ...seen, head: seen.head.subarray(0, HEAD) } : seen;
}
