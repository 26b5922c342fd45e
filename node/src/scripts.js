/**
 * Scripted methods: checked when a listener is opened, then taken call by call.
 * @module
 */

import * as calls from './calls.js';
import { CouldNotTryError } from './errors.js';
import * as features from './features.js';
import * as messages from './messages.js';

/** @typedef {import('./contract.js').Fields} Fields */
/** @typedef {import('./contract.js').Step} Step */

const MAX_STATUS = 16;

/** A method that follows scripts. */
export class ScriptedMethod {
  /**
   * @param {Fields} given
   * @param {Buffer} descriptorSet
   */
  constructor(given, descriptorSet) {
    /** @type {string} */
    this.path = given.method;
    this.streamsRequests = calls.streamsRequests(given.shape);
    this.streamsResponses = calls.streamsResponses(given.shape);
    this.requestType = messages.messageType(given.request_type, descriptorSet);
    this.responseType = messages.messageType(given.response_type, descriptorSet);
    /** @type {Fields[]} */
    this.scripts = given.scripts;
  }

  /**
   * The script of the call that `earlier` calls came before; the last one repeats.
   * @param {number} earlier
   */
  script(earlier) {
    return this.scripts[Math.min(earlier, this.scripts.length - 1)];
  }

  /** An inbox for one call, whose script is not known before its handler is entered. */
  inbox() {
    const whole = this.scripts.some((script) => script.whole);
    return new messages.Inbox(this.requestType, whole);
  }

  /**
   * A service definition with this one method.
   * @returns {import('@grpc/grpc-js').ServiceDefinition}
   */
  definition() {
    return {
      [this.path]: {
        path: this.path,
        requestStream: this.streamsRequests,
        responseStream: this.streamsResponses,
        requestSerialize: messages.serializer(this.requestType),
        requestDeserialize: this.requestType.deserialize,
        responseSerialize: messages.serializer(this.responseType),
        responseDeserialize: this.responseType.deserialize,
      },
    };
  }
}

/**
 * The scripted methods of a listener by their paths.
 * @param {Fields} order
 */
export function scriptedMethods(order) {
  /** @type {Map<string, ScriptedMethod>} */
  const methods = new Map();
  for (const given of order.scripts) {
    if (methods.has(given.method)) {
      throw new CouldNotTryError('two lists of scripts have the same path');
    }
    methods.set(given.method, checkedMethod(given, order.descriptor_set));
  }
  return methods;
}

/**
 * @param {Fields} given
 * @param {Buffer} descriptorSet
 */
function checkedMethod(given, descriptorSet) {
  if (!calls.SHAPES.includes(given.shape)) {
    throw new CouldNotTryError(`${given.method} has no shape: ${given.shape}`);
  }
  if (given.scripts.length === 0) {
    throw new CouldNotTryError(`${given.method} has no script`);
  }
  const method = new ScriptedMethod(given, descriptorSet);
  for (const script of method.scripts) {
    check(script, method);
  }
  return method;
}

/**
 * @param {Fields} script
 * @param {ScriptedMethod} method
 */
function check(script, method) {
  features.demandSteps(script.send, features.SERVER, features.SERVER_SEND_STEPS);
  features.demandSteps(script.receive, features.SERVER, features.SERVER_RECEIVE_STEPS);
  const payloads = messages.payloadSteps(script.send);
  if (payloads.length > 1 && !method.streamsResponses) {
    const count = payloads.length;
    throw new CouldNotTryError(`${method.path} has one response and a script with ${count}`);
  }
  for (const number of payloads) {
    // Built for its errors: a handler has no way to say that its script cannot be followed.
    messages.outgoing(script.send[number - 1], method.responseType);
  }
  checkStatuses([...script.send, ...script.receive], method);
}

/**
 * @param {Step[]} steps
 * @param {ScriptedMethod} method
 */
function checkStatuses(steps, method) {
  for (const { kind, status } of /** @type {Fields[]} */ (steps)) {
    if (kind === 'status' && status.code > MAX_STATUS) {
      throw new CouldNotTryError(`grpc-js has no status code ${status.code}`);
    }
    if (kind === 'status' && status.code === 0 && status.message && !method.streamsResponses) {
      throw new CouldNotTryError('grpc-js gives the OK of a single response a message of its own');
    }
  }
}
