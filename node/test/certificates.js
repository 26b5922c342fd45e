/**
 * Certificates for tests, made when they are needed: Node can sign, and the little DER that a
 * certificate is takes less than a program that would have to be installed.
 * @module
 */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** @typedef {import('node:crypto').KeyObject} KeyObject */
/** @typedef {{ certificate: Buffer, key: Buffer }} Identity In PEM; the key is PKCS #8. */

const SEQUENCE = 0x30;
const SET = 0x31;
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const VERSION = 0xa0; // [0], constructed
const EXTENSIONS = 0xa3; // [3], constructed
const DNS_NAME = 0x82; // [2]

const TRUE = der(BOOLEAN, Buffer.from([0xff]));
const ECDSA_WITH_SHA256 = der(SEQUENCE, identifier('2a8648ce3d040302'));
const COMMON_NAME = identifier('550403');
const SUBJECT_ALT_NAME = identifier('551d11');
const BASIC_CONSTRAINTS = identifier('551d13');

const DAY = 86_400_000; // Milliseconds.

/** An authority of its own, which signs certificates. */
export class Authority {
  #name;
  #keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  /** @param {string} name */
  constructor(name) {
    this.#name = name;
    const isAuthority = extension(BASIC_CONSTRAINTS, TRUE, der(SEQUENCE, TRUE));
    /** In PEM. */
    this.certificate = this.#signed(name, this.#keys.publicKey, 1, isAuthority);
  }

  /**
   * What a server or a client of this DNS name shows.
   * @param {string} name
   * @param {number} days For which it is good from now on; less than zero if it has expired.
   * @returns {Identity}
   */
  identity(name, days = 1) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const names = der(SEQUENCE, der(DNS_NAME, Buffer.from(name)));
    const certificate = this.#signed(name, publicKey, days, extension(SUBJECT_ALT_NAME, names));
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    return { certificate, key: Buffer.from(key) };
  }

  /**
   * RFC 5280, section 4.1.
   * @param {string} name
   * @param {KeyObject} key
   * @param {number} days
   * @param {Buffer} extensions
   */
  #signed(name, key, days, extensions) {
    const now = Date.now();
    const content = der(
      SEQUENCE,
      der(VERSION, der(INTEGER, Buffer.from([2]))), // v3
      der(INTEGER, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      ECDSA_WITH_SHA256,
      distinguished(this.#name),
      der(SEQUENCE, time(now - 30 * DAY), time(now + days * DAY)),
      distinguished(name),
      key.export({ type: 'spki', format: 'der' }),
      der(EXTENSIONS, der(SEQUENCE, extensions)),
    );
    const signature = bitString(sign('sha256', content, this.#keys.privateKey));
    return pem(der(SEQUENCE, content, ECDSA_WITH_SHA256, signature));
  }
}

/**
 * @param {number} tag
 * @param {Buffer[]} parts
 * @returns {Buffer}
 */
function der(tag, ...parts) {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content), content]);
}

/** @param {Buffer} content */
function lengthOf({ length }) {
  if (length < 0x80) {
    return Buffer.from([length]);
  }
  return length < 0x100 ? Buffer.from([0x81, length]) : Buffer.from([0x82, length >> 8, length]);
}

/** @param {string} hex */
function identifier(hex) {
  return der(OBJECT_IDENTIFIER, Buffer.from(hex, 'hex'));
}

/** @param {string} commonName */
function distinguished(commonName) {
  const text = der(UTF8_STRING, Buffer.from(commonName));
  return der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, text)));
}

/** @param {Buffer} identifier @param {Buffer[]} rest The value is the last. */
function extension(identifier, ...rest) {
  const value = der(OCTET_STRING, /** @type {Buffer} */ (rest.pop()));
  return der(SEQUENCE, identifier, ...rest, value);
}

/** @param {number} milliseconds */
function time(milliseconds) {
  const digits = new Date(milliseconds).toISOString().replace(/[.].*|[-:T]/g, '');
  return der(UTC_TIME, Buffer.from(`${digits.slice(2)}Z`));
}

/** @param {Buffer} bytes */
function bitString(bytes) {
  return der(BIT_STRING, Buffer.from([0]), bytes); // No bit of the last byte is unused.
}

/** @param {Buffer} certificate */
function pem(certificate) {
  const lines = certificate.toString('base64').replace(/.{64}/g, '$&\n').trim();
  return Buffer.from(`-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`);
}
