// What the hub tells, as docs/http-api.md describes it. A test of the hub compares the names
// with those of the Go side.

export interface Holder { userId: string; userName: string; since: number; epoch?: number; emergency?: boolean }
export interface Member { userId: string; userName: string; sending: boolean; listening: boolean; rights: boolean | null }
export interface State { channel: string; redis: boolean; room?: boolean; recall: number; holder: Holder | null; members: Member[] }
export interface Notice { kind: string; userId: string; text: string }
export interface FloorAnswer { granted: boolean; epoch?: number; reason?: string; error?: string; holder?: Holder }

export interface Acknowledgment { by: string; at: number }
export interface Emergency {
  id: string; userId: string; userName: string; channel: string; channels: string[]; since: number; ended?: number;
  acknowledged: Acknowledgment | null;
}
export interface Spurt {
  id: number; userId: string; userName: string; since: number; length: number; emergency?: boolean; ended?: string; by?: string;
}
export interface OverviewChannel { id: string; event?: string; holder: Holder | null; recall: number; unguarded?: boolean }
export interface Overview { redis: boolean; channels: OverviewChannel[]; events: string[]; rollout: any }

// The visitor's side of the floor: see talk.js.
export interface Talk {
  phase: 'idle' | 'requesting' | 'talking' | 'denied' | 'revoked';
  request: number; epoch: number; reason: string; holder: Holder | null; held: number; shown: number; emergency: boolean;
}

export type Link = 'off' | 'connecting' | 'up' | 'away';

// What a page knows of one channel: see console.js.
export interface Model {
  signedIn: boolean; channel: string; me: string; manages: boolean; breaksIn: boolean;
  hub: Link; room: boolean; recall: number; hubError: string; redis: boolean; retryAt: number; skew: number;
  holder: Holder | null; members: Member[]; levels: Record<string, number>; rights: boolean | null;
  joined: 'no' | 'joining' | 'yes'; listenLink: Link; talkLink: Link; linkError: string; hears: number | undefined;
  microphone: 'none' | 'up' | 'failed'; microphoneError: string; microphoneSilent: boolean; elsewhere: boolean;
  talk: Talk; radios: Map<string, any>;
}
