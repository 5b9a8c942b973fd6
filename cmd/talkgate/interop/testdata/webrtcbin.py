# A WHIP or WHEP client around GStreamer's webrtcbin: webrtcbin.py whip|whep URL TOKEN CA.
# It says "up" once it is connected, and "loud" for each 20 ms of sound that it hears.
import re
import ssl
import sys
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

mode, url, token, ca = sys.argv[1:5]
context = ssl.create_default_context(cafile=ca) if ca else None
Gst.init(None)
CAPS = "application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000"


def request(method, body=None):
    r = urllib.request.Request(url, data=body, method=method, headers={"Authorization": "Bearer " + token, "Content-Type": "application/sdp"})
    return urllib.request.urlopen(r, context=context)


def say(text):
    print(text, flush=True)


if mode == "whip":
    pipeline = Gst.parse_launch(
        "audiotestsrc is-live=true freq=1000 volume=0.3 ! audioconvert ! opusenc ! rtpopuspay pt=111 ! " + CAPS + " ! webrtcbin name=w bundle-policy=max-bundle")
else:
    pipeline = Gst.Pipeline()
    bin = Gst.ElementFactory.make("webrtcbin", "w")
    bin.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
    pipeline.add(bin)
w = pipeline.get_by_name("w")

with request("OPTIONS") as options:
    for link in options.headers.get_all("Link") or []:
        m = re.match(r'<turn:([^>]+)>; rel="ice-server"; username="([^"]*)"; credential="([^"]*)"', link)
        if m:
            where, user, password = m.groups()
            w.emit("add-turn-server", "turn://%s:%s@%s" % (urllib.parse.quote(user, safe=""), urllib.parse.quote(password, safe=""), where))


def offered(promise, _):
    reply = promise.get_reply()  # kept: the offer is part of it
    offer = reply.get_value("offer")
    w.emit("set-local-description", offer, Gst.Promise.new())


def gathered(*_):
    if w.get_property("ice-gathering-state") != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
        return
    sdp = w.get_property("local-description").sdp.as_text()
    with request("POST", sdp.encode()) as answer:
        text = answer.read()
    _, message = GstSdp.SDPMessage.new()
    GstSdp.sdp_message_parse_buffer(text, message)
    w.emit("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message), Gst.Promise.new())


def changed(*_):
    if w.get_property("connection-state") == GstWebRTC.WebRTCPeerConnectionState.CONNECTED:
        say("up")


def heard(_, pad):
    if pad.direction != Gst.PadDirection.SRC:
        return
    sink = Gst.parse_bin_from_description("rtpopusdepay ! opusdec ! audioconvert ! level interval=20000000 ! fakesink sync=false", True)
    pipeline.add(sink)
    sink.sync_state_with_parent()
    if pad.link(sink.get_static_pad("sink")) != Gst.PadLinkReturn.OK:
        say("failed: the stream cannot be decoded")


def message(_, m):
    if m.type == Gst.MessageType.ERROR:
        say("failed " + str(m.parse_error()))
        loop.quit()
    s = m.get_structure()
    if s and s.get_name() == "level":
        # PyGObject has no way into a GValueArray but its text.
        rms = re.search(r"rms=\(GValueArray\)<\s*([-0-9.e+inf]+)", s.to_string())
        if rms and float(rms.group(1)) > -40:
            say("loud")


w.connect("notify::ice-gathering-state", gathered)
w.connect("notify::connection-state", changed)
w.connect("pad-added", heard)
bus = pipeline.get_bus()
bus.add_signal_watch()
bus.connect("message", message)
if mode == "whep":
    w.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(CAPS))
w.connect("on-negotiation-needed", lambda _: w.emit("create-offer", None, Gst.Promise.new_with_change_func(offered, None)))
pipeline.set_state(Gst.State.PLAYING)
loop = GLib.MainLoop()
loop.run()
