/**
 * The ways in which an order or the whole conversation can go wrong.
 * @module
 */

/** The other side does not speak the contract; nothing after it can be trusted. */
export class BrokenContract extends Error {}

/** The order needs a feature that this peer or grpc-js lacks; carries the feature's name. */
export class UnsupportedError extends Error {
  /** @param {string} feature */
  constructor(feature) {
    super(feature);
    this.feature = feature;
  }
}

/** The peer failed at the attempt; the text says why. A status of a call is not this. */
export class CouldNotTryError extends Error {}

/**
 * What an error says; anything can be thrown in this language.
 * @param {unknown} error
 */
export function words(error) {
  return (error instanceof Error && error.message) || String(error);
}
