import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import {
  Inbox,
  MAX_SEEN,
  messageType,
  outgoing,
  payloadSteps,
  serializer,
} from '../src/messages.js';

const NONE = Buffer.alloc(0);
const hello = messageType('HelloRequest', NONE);

/** @param {string} kind @param {import('../src/contract.js').Fields[]} pieces */
function step(kind, ...pieces) {
  return { kind, name: '', requires: [], [kind]: { pieces } };
}

/** @param {string} hex */
function bytes(hex) {
  return { kind: 'bytes', bytes: Buffer.from(hex, 'hex') };
}

/** @param {number} byte @param {string} count */
function fill(byte, count) {
  return { kind: 'fill', fill: { byte, count } };
}

/** A schema with a message within a message, and a field for the longest number. */
function described() {
  const number = { name: 'number', number: 1, type: 'TYPE_INT64', label: 'LABEL_OPTIONAL' };
  const inner = { name: 'Inner', field: [number] };
  const file = [
    {
      name: 'a.proto',
      package: 'a',
      syntax: 'proto3',
      messageType: [{ name: 'Outer', nestedType: [inner] }],
    },
  ];
  const set = descriptor.FileDescriptorSet.fromObject({ file });
  return Buffer.from(descriptor.FileDescriptorSet.encode(set).finish());
}

test('a payload is put together from bytes and fills', () => {
  const given = step('raw', bytes('0a05'), fill(0x61, '3'), bytes('ff'), fill(0, '0'));
  assert.deepEqual(outgoing(given, hello), Buffer.from('0a05616161ff', 'hex'));
  assert.deepEqual(outgoing(step('raw'), hello), NONE);
});

test('a fill beyond a byte or beyond 64 MiB is refused', () => {
  assert.throws(() => outgoing(step('raw', fill(256, '1')), hello), /256, which is no byte/);
  const half = fill(0, String(32 * 1024 * 1024));
  const huge = fill(0, '18446744073709551615');
  assert.throws(() => outgoing(step('raw', half, half, fill(0, '1')), hello), /longer than/);
  assert.throws(() => outgoing(step('raw', huge), hello), /longer than 67108864 bytes/);
});

test('a message is what the codec makes of the given bytes', () => {
  // Field 15, which the schema does not have, and the name twice: the last one counts.
  const given = step('message', bytes('7801'), bytes('0a0161'), bytes('0a0162'));
  assert.equal(serializer(hello)(outgoing(given, hello)).toString('hex'), '0a0162');
  assert.throws(() => outgoing(step('message', bytes('0b')), hello), /cannot be decoded/);
});

test('bytes are sent as they are', () => {
  const given = outgoing(step('raw', bytes('7801')), hello);
  assert.equal(serializer(hello)(given).toString('hex'), '7801');
});

test('only steps that send a message are counted', () => {
  const wait = { kind: 'wait', name: '', requires: [] };
  assert.deepEqual(payloadSteps([wait, step('message'), wait, step('raw')]), [2, 4]);
});

test('a type is found in the descriptor set, also within another', () => {
  const type = messageType('a.Outer.Inner', described());
  for (const hex of ['08ffffffffffffffff7f', '0880808080808080808001', '088180808080808010']) {
    assert.equal(type.serialize(type.deserialize(Buffer.from(hex, 'hex'))).toString('hex'), hex);
  }
});

test('what is built in stays so beside a descriptor set', () => {
  assert.equal(messageType('HelloRequest', described()), hello);
});

test('a type that is nowhere is refused', () => {
  assert.throws(() => messageType('a.B', NONE), /'a.B' is not built in and no descriptor set/);
  assert.throws(() => messageType('a.B', described()), /the descriptor set has no message 'a.B'/);
  assert.throws(() => messageType('a.B', Buffer.from([0xff])), /descriptor set cannot be used/);
});

test('a message that was read is reported as the codec encodes it', () => {
  const inbox = new Inbox(hello);
  inbox.note(inbox.deserialize(Buffer.from('78010a0161', 'hex')));
  const data = Buffer.from('0a0161', 'hex');
  const sha256 = createHash('sha256').update(data).digest();
  assert.deepEqual(inbox.report(false), [{ length: 3, sha256, head: data }]);
  assert.equal(inbox.count, 1);
});

test('a message that the codec refuses comes last', () => {
  const inbox = new Inbox(hello);
  assert.throws(() => inbox.deserialize(Buffer.from([0x0b])));
  inbox.note({ name: 'read later' });
  const [first, second] = inbox.report(false);
  assert.equal(first.length, 12);
  assert.match(second.codec_error, /./);
  assert.equal(inbox.count, 2);
});

test('long messages are cut unless they are wanted whole, within one allowance', () => {
  const long = { name: 'x'.repeat(3 * 1024 * 1024) };
  const inbox = new Inbox(hello, true);
  inbox.note(long);
  inbox.note(long);
  assert.deepEqual(
    inbox.report(true).map(({ head }) => head.length),
    [3 * 1024 * 1024 + 5, 4096],
  );
  assert.deepEqual(
    inbox.report(false).map(({ head }) => head.length),
    [4096, 4096],
  );
});

test('of many messages the first thousand are reported and all are counted', () => {
  const inbox = new Inbox(hello);
  for (let number = 0; number < MAX_SEEN + 5; number += 1) {
    inbox.note({ name: String(number) });
  }
  assert.equal(inbox.report(false).length, MAX_SEEN);
  assert.equal(inbox.count, MAX_SEEN + 5);
});
