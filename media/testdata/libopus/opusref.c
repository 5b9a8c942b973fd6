/* The reference implementation of Opus as a filter, to compare with.
 *
 * opusref encode BITRATE COMPLEXITY LOSS   48 kHz mono s16le -> packets
 * opusref decode TRACE                     packets -> 48 kHz mono s16le
 *
 * A packet is its length as u16le and its bytes. LOSS is the expected loss in
 * percent; 0 turns FEC off. TRACE has a character a packet, 1 where it is lost. */
#include <opus/opus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME = 960, MOST = 1275 };

static int fail(const char *what, int err) {
	fprintf(stderr, "opusref: %s: %s\n", what, opus_strerror(err));
	return 1;
}

static int encode(int bitrate, int complexity, int loss) {
	int err;
	OpusEncoder *enc = opus_encoder_create(48000, 1, OPUS_APPLICATION_VOIP, &err);
	if (err != OPUS_OK)
		return fail("encoder", err);
	opus_encoder_ctl(enc, OPUS_SET_BITRATE(bitrate));
	opus_encoder_ctl(enc, OPUS_SET_COMPLEXITY(complexity));
	opus_encoder_ctl(enc, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
	opus_encoder_ctl(enc, OPUS_SET_MAX_BANDWIDTH(OPUS_BANDWIDTH_WIDEBAND));
	opus_encoder_ctl(enc, OPUS_SET_INBAND_FEC(loss > 0));
	opus_encoder_ctl(enc, OPUS_SET_PACKET_LOSS_PERC(loss));
	opus_int16 pcm[FRAME];
	unsigned char packet[2 + MOST];
	while (fread(pcm, sizeof pcm, 1, stdin) == 1) {
		int n = opus_encode(enc, pcm, FRAME, packet + 2, MOST);
		if (n < 0)
			return fail("encode", n);
		packet[0] = n & 255;
		packet[1] = n >> 8;
		fwrite(packet, 2 + n, 1, stdout);
	}
	return 0;
}

struct packet {
	int len;
	unsigned char data[MOST];
};

static int decode(const char *trace) {
	int n = strlen(trace), err;
	struct packet *p = calloc(n + 1, sizeof *p);
	for (int i = 0; i < n; i++) {
		unsigned char head[2];
		if (fread(head, 2, 1, stdin) != 1)
			return fail("packets", OPUS_BUFFER_TOO_SMALL);
		p[i].len = head[0] | head[1] << 8;
		if (p[i].len > MOST || fread(p[i].data, p[i].len, 1, stdin) != 1)
			return fail("packets", OPUS_INVALID_PACKET);
	}
	OpusDecoder *dec = opus_decoder_create(48000, 1, &err);
	if (err != OPUS_OK)
		return fail("decoder", err);
	for (int i = 0; i < n; i++) {
		opus_int16 pcm[FRAME];
		int got;
		if (trace[i] != '1')
			got = opus_decode(dec, p[i].data, p[i].len, pcm, FRAME, 0);
		else if (i + 1 < n && trace[i + 1] != '1')
			got = opus_decode(dec, p[i + 1].data, p[i + 1].len, pcm, FRAME, 1);
		else
			got = opus_decode(dec, NULL, 0, pcm, FRAME, 0);
		if (got != FRAME)
			return fail("decode", got < 0 ? got : OPUS_INTERNAL_ERROR);
		fwrite(pcm, sizeof pcm, 1, stdout);
	}
	return 0;
}

int main(int argc, char **argv) {
	if (argc == 5 && !strcmp(argv[1], "encode"))
		return encode(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
	if (argc == 3 && !strcmp(argv[1], "decode"))
		return decode(argv[2]);
	fprintf(stderr, "usage: opusref encode BITRATE COMPLEXITY LOSS | decode TRACE\n");
	return 2;
}
