import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import tls from 'node:tls';
import { Authority } from './certificates.js';
import { call, HELLO, LIMIT, serve, started, TCP } from './driver.js';

/** @typedef {import('./certificates.js').Identity} Identity */
/** @typedef {import('./driver.js').Peer} Peer */
/** @typedef {import('../src/contract.js').Fields} Fields */
/** @typedef {import('node:test').TestContext} TestContext */

const UNAVAILABLE = 14;
const NAME = 'server.test';
const TOKEN = 'a-token';
const DEADLINE = '20000000000'; // Nanoseconds; no call here is to wait for it.
const services = ['Greeter'];

const trusted = new Authority('trusted');
const stranger = new Authority('stranger');

/** @param {Identity} identity @param {Buffer} [clientCa] */
function shown({ certificate, key }, clientCa) {
  return { certificate_chain: certificate, private_key: key, client_ca: clientCa };
}

/** @param {Authority} authority @param {Identity} [identity] @param {string} [name] */
function trusting(authority, identity, name = NAME) {
  const own = identity && shown(identity);
  return { ca: authority.certificate, server_name: name, ...own };
}

/** What came of one greeting of these two, and which events the server had to tell of. */
async function greeting(
  /** @type {TestContext} */ context,
  /** @type {Fields} */ listen,
  /** @type {Fields} */ open,
  /** @type {Fields} */ changes = {},
) {
  const { server, client } = await serve(context, { services, ...listen }, open);
  call(client, { timeout_ns: DEADLINE, ...changes });
  const { result } = (await client.event('report')).report;
  return { server, result };
}

/**
 * What an order is refused for.
 * @param {Peer} peer
 * @param {Fields} order
 */
async function refusal(peer, order) {
  peer.order(order);
  return (await peer.event('refused')).refused.could_not_try.why;
}

for (const api of ['API_IDIOMATIC', 'API_STREAM']) {
  test(`a greeting and a token over TLS, ${api}`, LIMIT, async (context) => {
    const listen = { tls: shown(trusted.identity(NAME)) };
    const changes = { api, bearer_token: TOKEN };
    const { server, result } = await greeting(context, listen, { tls: trusting(trusted) }, changes);
    assert.deepEqual([result.status, result.messages[0]?.head], [0, HELLO]);
    const { metadata } = (await server.event('began')).began;
    const sent = metadata.filter((/** @type {Fields} */ { key }) => key === 'authorization');
    assert.deepEqual(sent, [{ key: 'authorization', value: Buffer.from(`Bearer ${TOKEN}`) }]);
  });
}

test('a client with a certificate gets in where one is asked for', LIMIT, async (context) => {
  const listen = { tls: shown(trusted.identity(NAME), trusted.certificate) };
  const open = { tls: trusting(trusted, trusted.identity('client.test')) };
  const { result } = await greeting(context, listen, open);
  assert.deepEqual([result.status, result.messages[0]?.head], [0, HELLO]);
});

test('a bad handshake ends the call before a handler is entered', LIMIT, async (context) => {
  const good = shown(trusted.identity(NAME));
  const strict = shown(trusted.identity(NAME), trusted.certificate);
  // What Node says of a certificate that its own side refused; the other side learns less.
  const cases = {
    'signed by nobody it trusts': [good, trusting(stranger), /unable to verify/],
    expired: [shown(trusted.identity(NAME, -1)), trusting(trusted), /has expired/],
    'of another name': [good, trusting(trusted, undefined, 'other.test'), /ALTNAME_INVALID/],
    'no certificate of a client': [strict, trusting(trusted), /./],
    'a stranger': [strict, trusting(trusted, stranger.identity('client.test')), /./],
    'an expired client': [strict, trusting(trusted, trusted.identity('client.test', -1)), /./],
    'plain text to TLS': [good, undefined, /./],
    'TLS to plain text': [undefined, trusting(trusted), /./],
  };
  for (const [name, [theirs, ours, words]] of Object.entries(cases)) {
    await context.test(name, LIMIT, async (context) => {
      const { server, result } = await greeting(context, { tls: theirs }, { tls: ours });
      assert.deepEqual([result.status, result.aborted], [UNAVAILABLE, false]);
      assert.match(result.message, /** @type {RegExp} */ (words));
      assert.deepEqual(server.left, []);
      assert.deepEqual(await server.end(), { status: 0, log: '' });
    });
  }
});

test('a listener speaks HTTP/2 and nothing else over TLS', LIMIT, async (context) => {
  const server = await started(context, 'server');
  const listen = { listener: '1', transport: TCP, services, tls: shown(trusted.identity(NAME)) };
  server.order({ listen });
  const { address } = (await server.event('listening')).listening;
  const [host, port] = address.split(':');
  const socket = tls.connect({
    host,
    port,
    ca: [trusted.certificate],
    servername: NAME,
    ALPNProtocols: ['http/1.1', 'h2'],
  });
  context.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  assert.equal(socket.alpnProtocol, 'h2');
});

test('a shutdown does not wait for a handshake that never comes', LIMIT, async (context) => {
  const server = await started(context, 'server');
  const listen = { listener: '1', transport: TCP, services, tls: shown(trusted.identity(NAME)) };
  server.order({ listen });
  const { address } = (await server.event('listening')).listening;
  const [host, port] = address.split(':');
  const socket = net.connect({ host, port });
  context.after(() => socket.destroy());
  await once(socket, 'connect');
  server.order({ shutdown: { listener: '1', grace_ms: 1 } });
  assert.equal((await server.event('shut_down')).shut_down.listener, '1');
});

test('a channel asks for HTTP/2 and for the given name', LIMIT, async (context) => {
  const { certificate: cert, key } = trusted.identity(NAME);
  const line = tls.createServer({ cert, key, ALPNProtocols: ['h2'] });
  context.after(() => line.close());
  await once(line.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (line.address());
  const client = await started(context, 'client');
  client.order({ open: { channel: '1', target: `127.0.0.1:${port}`, tls: trusting(trusted) } });
  call(client, { timeout_ns: DEADLINE });
  const [socket] = await once(line, 'secureConnection');
  context.after(() => socket.destroy());
  assert.deepEqual([socket.alpnProtocol, socket.servername], ['h2', NAME]);
});

test('PEM that cannot be read is said before anything is opened', LIMIT, async (context) => {
  const { certificate, key } = trusted.identity(NAME);
  const foreign = trusted.identity(NAME).key;
  const junk = Buffer.from('no PEM');
  const words = /PEM|DECODER|key values mismatch|must be given with/;
  const server = await started(context, 'server');
  const good = shown({ certificate, key });
  for (const tls of [
    { ...good, certificate_chain: junk },
    { ...good, private_key: junk },
    { ...good, private_key: foreign },
    { ...good, client_ca: junk },
  ]) {
    const listen = { listener: '1', transport: TCP, services, tls };
    assert.match(await refusal(server, { listen }), words);
  }
  const client = await started(context, 'client');
  const ours = trusting(trusted, { certificate, key });
  for (const tls of [
    { ...ours, ca: junk },
    { ...ours, certificate_chain: junk },
    { ...ours, private_key: foreign },
    { ...ours, private_key: undefined },
  ]) {
    const open = { channel: '1', target: '127.0.0.1:1', tls };
    assert.match(await refusal(client, { open }), words);
  }
});

test('grpc-js sends a token in plain text as well', LIMIT, async (context) => {
  const { server, result } = await greeting(context, {}, {}, { bearer_token: TOKEN });
  assert.equal(result.status, 0);
  const { metadata } = (await server.event('began')).began;
  const sent = metadata.find((/** @type {Fields} */ { key }) => key === 'authorization');
  assert.equal(sent?.value.toString(), `Bearer ${TOKEN}`);
});

const withoutIpv6 =
  !Object.values(networkInterfaces()).some((each) =>
    each?.some(({ address }) => address === '::1'),
  ) && 'this machine has no ::1';

test('a greeting over IPv6', { ...LIMIT, skip: withoutIpv6 }, async (context) => {
  const transport = { tcp: { ipv6: true } };
  const { client, address } = await serve(context, { services, transport });
  assert.match(address, /^\[::1\]:\d+$/);
  call(client, { timeout_ns: DEADLINE });
  const { result } = (await client.event('report')).report;
  assert.deepEqual([result.status, result.messages[0]?.head], [0, HELLO]);
});
