import { lampsOf, matches, rank, ranks } from './fleetstate.js';

// filters are what the tiles show: each a name, and which gateways it counts.
/** @type {[string, string, (e: any) => boolean][]} */
export const filters = [
  ['all', 'Gateways', () => true],
  ['well', 'On air', (e) => rank(e.gateway) === 'well' || rank(e.gateway) === 'warning'],
  ['talking', 'Talking', (e) => e.gateway.lamps.talk],
  ['warning', 'Warnings', (e) => rank(e.gateway) === 'warning'],
  ['down', 'Not on air', (e) => rank(e.gateway) === 'down'],
  ['gone', 'Gone', (e) => rank(e.gateway) === 'gone'],
];

// byName puts gate 2 before gate 10.
const byName = new Intl.Collator(undefined, { numeric: true });

// FleetModel is the fleet as the hub told it. Gateways that need somebody come
// first; the order changes only as they come, go, or change how they fare.
export class FleetModel {
  #entries = new Map(); // id → { gateway, rank, key }
  #holders = new Map(); // channel → holder, null when idle
  #order = [];
  #sorted = true;
  #words = [];
  #filter = 'all';
  #inEmergency = new Set();

  redis = true;
  overview = { channels: [], events: [] };

  // onGateways handles a gateways event.
  onGateways({ redis, gateways, gone }) {
    this.redis = redis;
    for (const gateway of gateways) this.#put(gateway);
    for (const id of gone) {
      if (this.#entries.delete(id)) this.#sorted = false;
    }
  }

  // setEmergencies says which gateways have an emergency: they come first, and are shown
  // whatever is searched for.
  setEmergencies(ids) {
    const changed = ids.symmetricDifference(this.#inEmergency);
    this.#inEmergency = ids;
    for (const id of changed) if (this.#entries.has(id)) this.#put(this.#entries.get(id).gateway);
  }

  #put(gateway) {
    const r = this.#inEmergency.has(gateway.id) ? 'emergency' : rank(gateway);
    const entry = { gateway, rank: r, key: `${ranks.indexOf(r)} ${gateway.name || gateway.id} ${gateway.id}` };
    const old = this.#entries.get(gateway.id);
    this.#entries.set(gateway.id, entry);
    if (old?.key !== entry.key || this.#chosen(old) !== this.#chosen(entry)) this.#sorted = false;
  }

  // onOverview handles an overview event.
  onOverview(overview) {
    this.overview = overview;
    this.#holders = new Map(overview.channels.map((c) => [c.id, c.holder]));
  }

  // forget is for a stream that begins anew: it tells everything again.
  forget() {
    this.#entries.clear();
    this.#sorted = false;
  }

  choose(filter, search) {
    this.#filter = filter;
    this.#words = search.toLowerCase().split(/\s+/).filter(Boolean);
    this.#sorted = false;
  }

  get size() { return this.#entries.size; }

  get(id) { return this.#entries.get(id)?.gateway; }

  rankOf(id) { return this.#entries.get(id)?.rank; }

  // holder is who talks on a channel, null for nobody, undefined while unknown.
  holder(channel) { return this.#holders.get(channel); }

  // heard is who is heard at a gateway and on which of its channels, undefined for
  // nobody that is known of.
  heard(gateway) {
    for (const channel of [gateway.channel, ...(gateway.monitor ?? [])]) {
      const holder = this.#holders.get(channel);
      if (holder && holder.userId !== gateway.id) return { ...holder, channel };
    }
    return undefined;
  }

  lamps(gateway) { return lampsOf(gateway, this.holder(gateway.channel)); }

  // shown are the IDs of the gateways that are chosen, in their order.
  get shown() {
    if (!this.#sorted) {
      this.#order = [...this.#entries.values()].filter((e) => this.#chosen(e))
        .sort((a, b) => byName.compare(a.key, b.key)).map((e) => e.gateway.id);
      this.#sorted = true;
    }
    return this.#order;
  }

  // counts are how many gateways each filter has.
  counts() {
    const counts = Object.fromEntries(filters.map(([name]) => [name, 0]));
    for (const e of this.#entries.values()) {
      for (const [name, , has] of filters) if (has(e)) counts[name]++;
    }
    return counts;
  }

  #chosen(e) {
    if (e?.rank === 'emergency') return true;
    return e !== undefined && filters.find(([name]) => name === this.#filter)[2](e) && matches(e.gateway, this.#words);
  }
}
