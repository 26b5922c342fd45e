import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as contract from '../src/contract.js';
import { BrokenContract } from '../src/errors.js';
import { encode, FrameParser, MAGIC, MAX_ENVELOPE } from '../src/frames.js';

/** @param {import('../src/contract.js').Fields} order */
function frame(order) {
  const body = contract.ToPeer.serialize({ magic: MAGIC, ...order });
  assert.ok(body.length < 0x80, 'the length fits into one byte');
  return Buffer.concat([Buffer.from([body.length]), body]);
}

/** @param {Buffer} bytes */
function feed(bytes) {
  return new FrameParser().feed(bytes);
}

test('a frame is its length and an envelope that begins with the magic number', () => {
  const bytes = encode({ opened: { channel: '1' } });
  assert.equal(bytes.toString('hex'), '09' + '0d314b4357' + '32020801');
});

test('a long envelope has a length of several bytes', () => {
  const bytes = encode({ refused: { channel: '1', could_not_try: { why: 'x'.repeat(300) } } });
  assert.equal((bytes[0] & 0x7f) + bytes[1] * 0x80, bytes.length - 2);
});

test('orders are found however they were split over reads', () => {
  const both = Buffer.concat([
    frame({ stop: {} }),
    frame({ release: { scope: 's', name: 'n' } }),
    frame({ close: { channel: '7' } }),
  ]);
  for (const size of [1, 2, 5, 11, both.length]) {
    const parser = new FrameParser();
    const orders = [];
    for (let at = 0; at < both.length; at += size) {
      orders.push(...parser.feed(both.subarray(at, at + size)));
    }
    assert.deepEqual(
      orders.map(({ order }) => order),
      ['stop', 'release', 'close'],
    );
    assert.equal(parser.halfRead, false);
  }
});

test('a frame that is not complete is half-read', () => {
  const parser = new FrameParser();
  assert.equal(parser.halfRead, false);
  assert.deepEqual(parser.feed(frame({ stop: {} }).subarray(0, 4)), []);
  assert.equal(parser.halfRead, true);
});

test('numbers of 64 bits stay exact', () => {
  for (const listener of ['0', '9007199254740993', '18446744073709551615']) {
    const [envelope] = feed(frame({ unlisten: { listener } }));
    assert.equal(envelope.unlisten.listener, listener);
  }
});

test('text on the line is found before the length that it seems to have is awaited', () => {
  assert.throws(() => feed(Buffer.from('Hello')), {
    name: 'Error',
    message: 'an envelope begins with 65 6c 6c 6f, not the magic number',
  });
  assert.throws(() => feed(Buffer.from('Hello')), BrokenContract);
});

test('a wrong magic number is found at its first wrong byte', () => {
  const parser = new FrameParser();
  assert.deepEqual(parser.feed(Buffer.from([0x48, 0x0d, 0x31])), []);
  assert.throws(() => parser.feed(Buffer.from([0x00])), /begins with 0d 31 00, not/);
});

test('an envelope that is too long or too short breaks the contract', () => {
  const tooLong = Buffer.from([0x81, 0x80, 0x80, 0x04]);
  assert.equal(1 + 4 * 2 ** 21, MAX_ENVELOPE + 1);
  assert.throws(() => feed(tooLong), /an envelope of more than 8388608 bytes/);
  assert.throws(() => feed(Buffer.alloc(8, 0xff)), /an envelope of more than/);
  assert.throws(() => feed(Buffer.from([0x80, 0x80, 0x80, 0x80, 0x80, 0x00])), /more than/);
  assert.throws(() => feed(Buffer.from([0x04])), /of 4 bytes has no room for the magic number/);
});

test('an envelope that cannot be decoded breaks the contract', () => {
  const broken = Buffer.concat([Buffer.from([0x07]), frame({}).subarray(1), Buffer.from([7, 7])]);
  assert.throws(() => feed(broken), /^BrokenContract|^Error: an envelope cannot be decoded/);
});
