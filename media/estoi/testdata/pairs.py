# Computes the pairs of TestPairs with pystoi 0.4.1 (numpy, scipy):
#     python3 testdata/pairs.py
import wave
import numpy as np
from pystoi import stoi

w = wave.open("../testdata/front_center.wav")
said = np.frombuffer(w.readframes(w.getnframes()), dtype="<i2")


def noise(n):
    x, out = 1, np.empty(n, dtype=np.int64)
    for i in range(n):
        x = (x * 1664525 + 1013904223) % 2**32
        out[i] = (x >> 16) - 32768
    return out


def clip(x):
    return np.clip(x, -32768, 32767).astype(np.int16)


i = np.arange(len(said))
n, s = noise(len(said)), said.astype(np.int64)
for name, heard in {
    "the same": said,
    "half as loud": clip(s // 2),
    "faint noise": clip(s + n // 64),
    "noise": clip(s + n // 16),
    "loud noise": clip(s + n // 4),
    "noise alone": clip(n // 4),
    "every fifth 20 ms missing": clip(np.where(i // 960 % 5 == 4, 0, s)),
    "100 ms of 200 missing": clip(np.where(i // 4800 % 2 == 1, 0, s)),
    "8 bits": clip(s // 256 * 256),
    "two bits, loud": clip(np.sign(s) * 8000),
}.items():
    for rate, step in ((48000, 1), (10000, 1)):
        print(f'{{"{name}", {rate}, {stoi(said / 32768, heard / 32768, rate, extended=True):.6f}}},')
