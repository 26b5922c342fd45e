/**
 * What this peer can do, by the contract's names.
 * @module
 */

import { CouldNotTryError, UnsupportedError } from './errors.js';
import * as options from './options.js';
import * as services from './services.js';

/** @typedef {import('./contract.js').Step} Step */

const TRANSPORTS = ['tcp', 'uds', 'ipv6', 'tls', 'mtls'];
const MESSAGES = ['raw-messages', 'dynamic-messages', 'types:grpc.testing'];

// Only a client of grpc-js compresses what it sends.
const PER_MESSAGE_COMPRESSION = 'per-message-compression';

export const CLIENT = [
  'client',
  ...TRANSPORTS,
  'call-credentials',
  ...Object.keys(options.CODINGS).map((name) => `compression:${name}`),
  PER_MESSAGE_COMPRESSION,
  ...MESSAGES,
  'api-idiomatic',
  'api-stream',
  'await-headers',
  'leading-metadata',
  ...Object.keys(options.CHANNEL_OPTIONS).map((name) => `option:${name}`),
];

export const SERVER = [
  'server',
  ...TRANSPORTS,
  ...MESSAGES,
  'scripts',
  'panic',
  'graceful-shutdown',
  ...Object.keys(options.SERVER_OPTIONS).map((name) => `option:${name}`),
  ...services.NAMES.map((name) => `service:${name}`),
];

export const CLIENT_SEND_STEPS = ['message', 'raw', 'half_close', 'wait', 'cancel'];
export const CLIENT_RECEIVE_STEPS = ['await_headers', 'receive', 'wait', 'cancel'];
export const SERVER_SEND_STEPS = ['message', 'raw', 'wait', 'headers', 'status', 'panic'];
export const SERVER_RECEIVE_STEPS = ['receive', 'wait', 'status', 'panic'];

/**
 * Refuses what this peer has never heard of.
 * @param {string[]} requires
 * @param {string[]} known
 */
export function demand(requires, known) {
  for (const name of requires) {
    if (!known.includes(name)) {
      throw new UnsupportedError(name);
    }
  }
}

/**
 * Refuses a lane with a step that cannot be carried out.
 * @param {Step[]} steps
 * @param {string[]} known
 * @param {string[]} kinds Those of the lane.
 */
export function demandSteps(steps, known, kinds) {
  for (const step of steps) {
    demand(step.requires, known);
    demand(step.uncompressed ? [PER_MESSAGE_COMPRESSION] : [], known);
  }
  for (const [index, { kind }] of steps.entries()) {
    if (kind === 'reset') {
      // grpc-js keeps the stream of HTTP/2, which could be reset, to itself.
      throw new UnsupportedError('reset');
    }
    if (kind === undefined || !kinds.includes(kind)) {
      throw new CouldNotTryError(`step ${index + 1} of a lane has no place there: ${kind}`);
    }
  }
}
