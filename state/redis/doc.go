// Package redis is what a port shares with every other member of its channel:
// the speaker lock, the talk rights, and the events about both.
//
// The speaker lock is one Redis key per channel. Whoever's value is in it
// holds the floor; its TTL frees the floor when the holder dies. Rights, ban
// and lock are looked at and changed in one script, so that a press costs one
// round trip and no other member can get in between.
//
// Keys and JSON shapes are those of the channel servers already in the field;
// a lock taken by either side is honoured by both. Whatever is talkgate's own
// lives under "talkgate:".
//
// Nothing here trusts a published message further than it must: an event of a
// channel is a hint to read the lock, a pushed list of rights takes away at
// once and gives only what the stored set gives too. After every (re)subscription
// both are read afresh, because what was published meanwhile is gone.
package redis
