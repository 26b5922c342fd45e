import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as calls from '../src/calls.js';
import { UnsupportedError } from '../src/errors.js';
import { scriptedMethods } from '../src/scripts.js';

/** @typedef {import('../src/contract.js').Fields} Fields */

const message = { kind: 'message', name: '', requires: [], message: { pieces: [] } };
const wait = { kind: 'wait', name: '', requires: [], wait: { event: 'step', step: 'x' } };
const halfClose = { kind: 'half_close', name: '', requires: [], half_close: {} };

/** @param {Fields} changes */
function order(changes) {
  return {
    method: '/Greeter/SayHello',
    shape: 'SHAPE_UNARY',
    api: 'API_IDIOMATIC',
    request_type: 'HelloRequest',
    response_type: 'HelloReply',
    descriptor_set: Buffer.alloc(0),
    metadata: [],
    send: [message],
    receive: [],
    requires: [],
    ...changes,
  };
}

/** @param {Fields} script @param {Fields} changes */
function listen(script, changes = {}) {
  const scripts = [{ send: [], receive: [], whole: false, ...script }];
  const types = { request_type: 'HelloRequest', response_type: 'HelloReply' };
  const method = {
    method: '/Greeter/SayHello',
    shape: 'SHAPE_UNARY',
    ...types,
    scripts,
    ...changes,
  };
  return { scripts: [method], descriptor_set: Buffer.alloc(0) };
}

test('the shape and the interface say which streams there are', () => {
  const expected = {
    SHAPE_UNARY: [false, false],
    SHAPE_CLIENT_STREAMING: [true, false],
    SHAPE_SERVER_STREAMING: [false, true],
    SHAPE_BIDIRECTIONAL: [true, true],
  };
  for (const [shape, streams] of Object.entries(expected)) {
    const idiomatic = calls.plan(order({ shape }));
    assert.deepEqual([idiomatic.streamsRequests, idiomatic.streamsResponses], streams);
    const general = calls.plan(order({ shape, api: 'API_STREAM' }));
    assert.deepEqual([general.streamsRequests, general.streamsResponses], [true, true]);
  }
});

test('a timeout is kept apart from none', () => {
  assert.equal(calls.plan(order({})).timeout, undefined);
  assert.equal(calls.plan(order({ timeout_ns: '0' })).timeout, 0);
  assert.equal(calls.plan(order({ timeout_ns: '1500000' })).timeout, 1.5);
});

test('the request ends after its last message unless a step says where', () => {
  const stream = { shape: 'SHAPE_CLIENT_STREAMING' };
  const after = (/** @type {Fields[]} */ send) =>
    calls.plan(order({ ...stream, send })).halfCloseAfter;
  assert.equal(after([]), 0);
  assert.equal(after([wait, message, wait]), 2);
  assert.equal(after([message, wait, halfClose, wait]), 3);
  assert.throws(() => after([halfClose, message]), /stands before a message/);
  assert.throws(() => after([halfClose, halfClose]), /another half_close/);
});

test('a call that cannot be carried out is refused before it begins', () => {
  const none = order({ send: [] });
  assert.throws(() => calls.plan(none), /a call with one request has 0 messages to send/);
  assert.throws(() => calls.plan(order({ shape: 'SHAPE_UNSPECIFIED' })), /has no shape/);
  assert.throws(() => calls.plan(order({ api: 7 })), { feature: 'api-7' });
  assert.throws(() => calls.plan(order({ requires: ['x'] })), { feature: 'x' });
  const misplaced = order({ receive: [message] });
  assert.throws(() => calls.plan(misplaced), /step 1 of a lane has no place there: message/);
});

test('a step that needs what is unknown is refused by the name of it', () => {
  const unknown = { ...wait, requires: ['time-travel'] };
  assert.throws(() => calls.plan(order({ receive: [unknown] })), { feature: 'time-travel' });
  assert.throws(() => calls.plan(order({ receive: [unknown] })), UnsupportedError);
});

test('only a call with one request has to be told not to compress', () => {
  const send = [{ ...message, uncompressed: true }];
  assert.equal(calls.plan(order({ send })).uncompressed, true);
  assert.equal(calls.plan(order({})).uncompressed, false);
  assert.equal(calls.plan(order({ send, api: 'API_STREAM' })).uncompressed, false);
});

test('a handler cannot be told not to compress', () => {
  const script = { send: [{ ...message, uncompressed: true }] };
  const refused = () => scriptedMethods(listen(script));
  assert.throws(refused, { feature: 'per-message-compression' });
});

test('the nth call takes the nth script and the last one repeats', () => {
  const scripts = ['a', 'b'].map((name) => ({ send: [{ ...wait, name }], receive: [] }));
  const method = scriptedMethods(listen({}, { scripts })).get('/Greeter/SayHello');
  const names = [0, 1, 2].map((earlier) => method?.script(earlier).send[0].name);
  assert.deepEqual(names, ['a', 'b', 'b']);
});

test('a script that cannot be followed is refused when the listener is opened', () => {
  const reset = { kind: 'reset', name: '', requires: [], reset: { error_code: 2 } };
  const status = (/** @type {Fields} */ fields) => ({
    kind: 'status',
    name: '',
    requires: [],
    status: { code: 0, message: '', trailing: [], details: Buffer.alloc(0), ...fields },
  });
  const refused = (/** @type {Fields} */ script) => () => scriptedMethods(listen(script));
  assert.throws(refused({ send: [reset] }), { feature: 'reset' });
  assert.throws(refused({ send: [message, message] }), /one response and a script with 2/);
  assert.throws(refused({ send: [status({ code: 17 })] }), /no status code 17/);
  assert.throws(refused({ send: [status({ message: 'fine' })] }), /a message of its own/);
  assert.throws(() => scriptedMethods(listen({}, { scripts: [] })), /has no script/);
  assert.throws(() => scriptedMethods(listen({}, { shape: 9 })), /has no shape: 9/);
});
