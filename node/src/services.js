/**
 * The built-in services, found as a user of grpc-js has them: in what proto-loader made of a schema.
 * @module
 */

import { CouldNotTryError, UnsupportedError } from './errors.js';
import { builtIn } from './messages.js';

export const NAMES = ['Greeter', 'helloworld.Greeter'];

/**
 * One of the two greeters.
 * @typedef {object} Greeter
 * @property {string} path
 * @property {import('@grpc/grpc-js').ServiceDefinition} definition
 * @property {import('./messages.js').MessageType} requestType
 */

/**
 * What both greeters answer.
 * @param {{ name?: string }} request
 */
export function greet(request) {
  return { message: `Hello, ${request.name ?? ''}` };
}

/**
 * The greeter with this full name, which is one of `NAMES`.
 * @param {string} name
 * @returns {Greeter}
 */
function greeter(name) {
  const definition = /** @type {any} */ (builtIn[name]);
  return {
    path: definition.SayHello.path,
    definition,
    requestType: definition.SayHello.requestType,
  };
}

/**
 * The greeters of a listener whose scripts have taken some paths.
 * @param {string[]} names
 * @param {Map<string, unknown>} taken
 */
export function greeters(names, taken) {
  for (const name of names) {
    if (!NAMES.includes(name)) {
      throw new UnsupportedError(`service:${name}`);
    }
  }
  const found = names.map(greeter);
  for (const { path } of found) {
    if (taken.has(path)) {
      throw new CouldNotTryError(`${path} has both a service and scripts`);
    }
  }
  return found;
}
