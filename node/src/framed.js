/**
 * Puts the frame of a handler around services that know nothing of the contract.
 * @module
 */

import { Handling } from './handler.js';
import { Inbox } from './messages.js';
import { HandlerRecord } from './records.js';

/** @typedef {import('./services.js').Service} Service */
/** @typedef {import('@grpc/grpc-js').MethodDefinition<any, any>} Method */

/**
 * The same service, whose every call is told of. A method that is not implemented is left out: the
 * library's own router answers it.
 * @param {Service} service
 * @param {string} listener
 * @param {import('./records.js').Register} register
 * @returns {Service}
 */
export function framed({ definition, implementation }, listener, register) {
  const methods = Object.entries(definition).flatMap(([name, method]) => {
    const known = [name, method.originalName ?? name].find((each) => each in implementation);
    return known === undefined ? [] : [{ name, method, handler: implementation[known] }];
  });
  return {
    definition: Object.fromEntries(methods.map(({ name, method }) => [name, method])),
    implementation: Object.fromEntries(
      methods.map(({ name, method, handler }) => [
        name,
        framedHandler(method, handler, listener, register),
      ]),
    ),
  };
}

/**
 * @param {Method} method
 * @param {any} handler
 * @param {string} listener
 * @param {import('./records.js').Register} register
 * @returns {(call: any, callback?: any) => void}
 */
function framedHandler(method, handler, listener, register) {
  const type = { serialize: method.requestSerialize, deserialize: method.requestDeserialize };
  return (call, callback) => {
    const inbox = new Inbox(type);
    const record = new HandlerRecord(listener, method.path, inbox, method.requestStream);
    const handling = new Handling(record, register, call, callback);
    if (!handling.enter()) {
      return;
    }
    watchRequests(handling, method.requestStream);
    watchEnd(handling, method.responseStream);
    handler(call, callback && answered(handling, callback));
  };
}

/**
 * @param {Handling} handling
 * @param {boolean} streams
 */
function watchRequests({ call, progress, record }, streams) {
  if (!streams) {
    record.inbox.note(call.request);
    return;
  }
  // It comes with each message that the service reads, in whatever way it does.
  call.on('data', (/** @type {object} */ message) => record.inbox.note(message));
  call.on('end', () => {
    if (!progress.over) {
      record.requestEnd = 'REQUEST_END_HALF_CLOSED';
    }
  });
}

/**
 * @param {Handling} handling
 * @param {boolean} streams
 */
async function watchEnd(handling, streams) {
  if (streams) {
    handling.call.on('finish', () => handling.leave('CALL_END_RETURNED'));
  }
  await handling.progress.ended();
  if (handling.cut && handling.record.requestEnd === 'REQUEST_END_UNREAD') {
    handling.record.requestEnd = 'REQUEST_END_CANCELLED';
  }
  handling.leave('CALL_END_CANCELLED'); // Unless it has left by itself.
}

/**
 * The callback of a method with one response.
 * @param {Handling} handling
 * @param {(...rest: any[]) => void} callback
 */
function answered(handling, callback) {
  return (/** @type {any[]} */ ...rest) => {
    if (!handling.progress.over) {
      callback(...rest);
      handling.leave('CALL_END_RETURNED');
    }
  };
}
