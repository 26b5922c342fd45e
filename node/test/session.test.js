import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import * as contract from '../src/contract.js';
import { CouldNotTryError, UnsupportedError } from '../src/errors.js';
import { Session } from '../src/session.js';
import { EventWriter } from '../src/stdio.js';

const START = { order: 'start', start: { contract_version: 1, role: 'ROLE_CLIENT' } };

/** A session whose client carries out what is given here. */
function talk(/** @type {Record<string, (order: any) => void>} */ orders = {}) {
  const stdout = new PassThrough();
  const done = async () => {};
  const role = { featureNames: ['client'], limits: { max_calls: 3 }, stop: done, ...orders };
  const events = new EventWriter(stdout);
  const session = new Session('a-peer', 'client', /** @type {any} */ (role), events);
  return { session, answers: () => read(stdout) };
}

/** The events so far; each is short enough for a length of one or two bytes. */
async function read(/** @type {PassThrough} */ stdout) {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  const events = [];
  for (let rest = stdout.read() ?? Buffer.alloc(0); rest.length > 0;) {
    const long = rest[0] > 0x7f;
    const length = long ? (rest[0] & 0x7f) + rest[1] * 0x80 : rest[0];
    const start = long ? 2 : 1;
    events.push(contract.FromPeer.deserialize(rest.subarray(start, start + length)));
    rest = rest.subarray(start + length);
  }
  return events;
}

test('start is answered by ready, with the features and limits of the role', async () => {
  const { session, answers } = talk();
  session.take(START);
  const [{ ready }] = await answers();
  assert.equal(ready.peer, 'a-peer');
  assert.deepEqual(ready.features, ['client']);
  assert.deepEqual([ready.max_calls, ready.max_handlers], [3, 0]);
  const names = ready.versions.map((/** @type {{ name: string }} */ { name }) => name);
  assert.deepEqual(names, ['node', 'grpc-js', 'proto-loader', 'protobufjs', 'nghttp2']);
});

test('another version is answered, and nothing after it', async () => {
  const { session, answers } = talk({ open: () => assert.fail('it was deaf') });
  session.take({ order: 'start', start: { ...START.start, contract_version: 2 } });
  session.take({ order: 'open', open: { channel: '1' } });
  assert.equal((await answers()).length, 1);
});

test('orders out of turn break the contract', () => {
  const { session } = talk();
  assert.throws(() => session.take({ order: 'stop', stop: {} }), /stop came before start/);
  const server = { ...START.start, role: 'ROLE_SERVER' };
  assert.throws(() => session.take({ order: 'start', start: server }), /of a client/);
  session.take(START);
  assert.throws(() => session.take(START), /start came twice/);
  assert.throws(() => session.take({}), /without an order that this version knows/);
});

test('an order of the other role is refused by the name of that role', async () => {
  const { session, answers } = talk();
  session.take(START);
  session.take({ order: 'listen', listen: { listener: '5' } });
  const [, { refused }] = await answers();
  assert.deepEqual([refused.listener, refused.unsupported.feature], ['5', 'server']);
});

test('an order that cannot be begun is answered with the reason', async () => {
  const { session, answers } = talk({
    open: () => {
      throw new UnsupportedError('option:x');
    },
    call: () => {
      throw new CouldNotTryError('there is no channel 1');
    },
  });
  session.take(START);
  session.take({ order: 'open', open: { channel: '1' } });
  session.take({ order: 'call', call: { call: '2' } });
  const [, { refused }, { report }] = await answers();
  assert.equal(refused.unsupported.feature, 'option:x');
  assert.deepEqual([report.call, report.could_not_try.why], ['2', 'there is no channel 1']);
});

test('after stop nothing more is written', async () => {
  let stopped = false;
  const stop = async () => {
    stopped = true;
  };
  const { session, answers } = talk({ stop, open: () => assert.fail('it was deaf') });
  session.take(START);
  await answers();
  session.take({ order: 'stop', stop: {} });
  session.take({ order: 'open', open: { channel: '1' } });
  assert.equal(stopped, true);
  assert.deepEqual(await answers(), []);
});
