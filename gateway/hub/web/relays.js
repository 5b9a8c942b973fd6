// Relays are the TURN servers that the hub names. They are used once the direct way has
// failed: asking them takes time.
export class Relays {
  #all = [];
  #needed = false;

  // told reads the Link header of an answer (RFC 9725 section 4.6), null for none.
  told(link) {
    this.#all = [...(link ?? '').matchAll(/<(turns?:[^>]+)>; rel="ice-server"; username="([^"]*)"; credential="([^"]*)"/g)]
      .map(([, urls, username, credential]) => ({ urls, username, credential }));
  }

  // needed says that the direct way has failed.
  needed() {
    this.#needed = true;
  }

  // inUse are those that the next connection is to try, as RTCIceServers.
  get inUse() {
    return this.#needed ? this.#all : [];
  }
}
