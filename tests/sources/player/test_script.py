"""The script of the documentation, run."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lrs.sources import Platform
from lrs.sources.player import convert
from lrs.sources.profiles import profile

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "sources" / "player.md"
VIDEO = """
globalThis.addEventListener ??= EventTarget.prototype.addEventListener.bind(new EventTarget());
const played = {length: 1, start: () => 0, end: () => 12};
globalThis.screen = {width: 1920, height: 1080};
globalThis.document = {fullscreenElement: null};
const textTracks = Object.assign(new EventTarget(), {0: {mode: "showing", language: "fr"}, length: 1});
const size = {clientWidth: 640, clientHeight: 360};
const video = Object.assign(new EventTarget(), {currentTime: 0, duration: NaN, playbackRate: 1, volume: 1, seeking: false, played, textTracks, ...size});
watch(video, {video: "acids", session: "s1"}, (event) => console.log(JSON.stringify(event)));
const now = (name, state) => { Object.assign(video, state); video.dispatchEvent(new Event(name)); };
now("loadedmetadata", {}); now("play", {duration: 60}); now("timeupdate", {currentTime: 4});
now("timeupdate", {currentTime: 30, seeking: true}); now("seeked", {seeking: false}); textTracks.dispatchEvent(new Event("change"));
document.fullscreenElement = video; now("fullscreenchange", {}); now("ended", {currentTime: 60});
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the script")
def test_the_script_of_the_documentation_tells_what_a_video_does() -> None:
    """What it writes is read without loss and keeps to the video profile: the start, playing, a jump from where it was, captions, a full screen, the end."""
    (script,) = re.findall(r"```js\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    done = subprocess.run(["node", "-e", script + VIDEO], capture_output=True, timeout=60, check=True)
    outcomes = list(convert(done.stdout.splitlines(), Platform("https://mooc.example.fr", bytes(32))))
    told = [statement for outcome in outcomes for statement in outcome.statements]
    assert [one["verb"]["display"]["en"] for one in told] == ["initialized", "played", "seeked", "interacted", "interacted", "completed"]
    assert list(told[2]["result"]["extensions"].values()) == [4, 30]
    assert {"fr", "1920x1080", "640x360"} <= set(told[3]["context"]["extensions"].values())
    assert told[4]["context"]["extensions"]["https://w3id.org/xapi/video/extensions/full-screen"] is True
    assert "0.000[.]12.000" in told[5]["result"]["extensions"].values()
    assert [breach.rule for one in told[1:] for breach in profile("video")(one)] == []
