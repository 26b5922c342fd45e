/**
 * What this peer can do, by the contract's names.
 * @module
 */

import { CouldNotTryError, UnsupportedError } from './errors.js';
import * as options from './options.js';
import * as services from './services.js';

/** @typedef {import('./contract.js').Step} Step */

const COMMON = ['tcp', 'uds', 'raw-messages', 'dynamic-messages', 'types:grpc.testing'];

export const CLIENT = [
  'client',
  ...COMMON,
  'api-idiomatic',
  'api-stream',
  'await-headers',
  'leading-metadata',
  ...Object.keys(options.CHANNEL_OPTIONS).map((name) => `option:${name}`),
];

export const SERVER = [
  'server',
  ...COMMON,
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
