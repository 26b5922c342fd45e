/**
 * What both sides prove themselves with, as grpc-js' credentials.
 * @module
 */

import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import grpc from '@grpc/grpc-js';

/** @typedef {import('./contract.js').Fields} Fields */

/**
 * What a listener shows, and whether its clients must show something too.
 * @param {Fields | null} tls
 */
export function serverCredentials(tls) {
  if (!tls) {
    return grpc.ServerCredentials.createInsecure();
  }
  const { certificate_chain: cert, private_key: key } = tls;
  const ca = authorities(tls.client_ca);
  // grpc-js reads the PEM when it binds; here its errors come before anything is opened.
  createSecureContext({ cert, key });
  return grpc.ServerCredentials.createSsl(
    ca,
    [{ cert_chain: cert, private_key: key }],
    ca !== null,
  );
}

/**
 * What a channel trusts, and what it shows.
 * @param {Fields | null} tls
 */
export function channelCredentials(tls) {
  if (!tls) {
    return grpc.credentials.createInsecure();
  }
  const { certificate_chain: cert, private_key: key } = tls;
  // With null for the authorities, grpc-js would trust those that Node trusts.
  const ca = authorities(tls.ca) ?? Buffer.alloc(0);
  return grpc.credentials.createSsl(ca, given(key), given(cert));
}

/**
 * A token that goes out with one call; none if it is empty.
 * @param {string} token
 */
export function bearerToken(token) {
  if (!token) {
    return undefined;
  }
  return grpc.credentials.createFromMetadataGenerator((_, callback) => {
    const metadata = new grpc.Metadata();
    metadata.set('authorization', `Bearer ${token}`);
    callback(null, metadata);
  });
}

/**
 * The certificates that are trusted, if any are named.
 * @param {Buffer} pem
 */
function authorities(pem) {
  if (pem.length === 0) {
    return null;
  }
  // Parsed for its error: for its list of authorities, Node takes what is no PEM in silence.
  new X509Certificate(pem);
  return pem;
}

/** @param {Buffer} pem */
function given(pem) {
  return pem.length > 0 ? pem : null;
}
