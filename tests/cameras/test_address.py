from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mile_desktop.cameras.address import AddressKind, parse_address, redacted, redacted_address, spliced
from mile_desktop.cameras.errors import CameraAddressError
from mile_desktop.cameras.messages import Configure
from mile_desktop.cameras.settings import CameraSettings

PASSWORD = st.text("abcXYZ0129!$%&'()*+,;=:@/._~-", min_size=4, max_size=12).filter(
    lambda word: word.strip("@/:") == word
)


@pytest.mark.parametrize(
    ("typed", "kind", "location"),
    [
        ("0", AddressKind.DEVICE, "0"),
        (" 02 ", AddressKind.DEVICE, "2"),
        ("/dev/video3", AddressKind.DEVICE, "/dev/video3"),
        ("rtsp://10.0.0.9/h264", AddressKind.RTSP, "rtsp://10.0.0.9/h264"),
        ("RTSPS://cam.local:8554/a?b=1", AddressKind.RTSP, "RTSPS://cam.local:8554/a?b=1"),
        ("http://u:p%40@[::1]:8080/video", AddressKind.HTTP, "http://u:p%40@[::1]:8080/video"),
        ("https://host/mjpg", AddressKind.HTTP, "https://host/mjpg"),
        ("gst: videotestsrc ! appsink", AddressKind.GSTREAMER, "videotestsrc ! appsink"),
        ("videotestsrc ! appsink", AddressKind.GSTREAMER, "videotestsrc ! appsink"),
        ("robot://10.0.0.2:5870/wrist", AddressKind.ROBOT, "robot://10.0.0.2:5870/wrist"),
    ],
)
def test_what_people_type_is_understood(typed: str, kind: AddressKind, location: str) -> None:
    address = parse_address(typed)
    assert (address.kind, address.location) == (kind, location)


def test_files_and_folders(tmp_path: Path) -> None:
    video = tmp_path / "my video.mp4"
    video.touch()
    assert parse_address(str(video)).kind is AddressKind.FILE
    assert parse_address(video.as_uri()).location == str(video)
    assert parse_address(str(tmp_path)).kind is AddressKind.FOLDER
    assert not parse_address(str(tmp_path)).live


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "needs an address"),
        ("-1", "first one is 0"),
        ("9999", "first one is 0"),
        ("ftp://host/x", "ftp://"),
        ("rtsp://", "names no host"),
        ("rtsp:///path", "names no host"),
        ("http://host:port/x", "is not a URL"),
        ("http://host:99999/x", "is not a URL"),
        ("http://[::1/x", "is not a URL"),
        ("http://ho st/x", "has a space"),
        ("192.168.1.20:8080/video", "begins with rtsp:// or http://"),
        ("www.example.org/cam", "begins with rtsp:// or http://"),
        ("/no/such/file.mp4", "There is no file or folder"),
        ("gst: videotestsrc", "joined by"),
        ("a\nb", "one line"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_what_is_no_address_is_said_in_words(typed: str, words: str) -> None:
    with pytest.raises(CameraAddressError, match=words):
        parse_address(typed)


@given(user=st.text("abcXYZ019", min_size=3, max_size=8), password=PASSWORD)
def test_passwords_never_show(user: str, password: str) -> None:
    for text in (
        f"rtsp://{user}:{password}@host/path",
        f"could not open 'http://{user}:{password}@host:80/a?x=1': refused",
    ):
        hidden = redacted(text)
        assert password not in hidden
        assert "host" in hidden
    try:
        shown = parse_address(f"rtsp://{user}:{password}@host/path").shown
    except CameraAddressError as error:
        shown = str(error)
    assert password not in shown


def test_settings_and_messages_do_not_tell_passwords_when_they_are_printed() -> None:
    message = Configure(settings=CameraSettings(name="a", address="rtsp://me:hush@host/a"))
    assert "hush" not in repr(message)
    assert "host" in repr(message)


def test_secrets_in_queries_and_pipelines_do_not_show() -> None:
    assert "hush" not in redacted("http://host/cgi?user=hush&pwd=hush&channel=1")
    assert "hush" not in redacted("rtspsrc location=rtsp://x user-id=hush user-pw='hush' ! appsink")
    assert redacted("rtsp://host/path@home") == "rtsp://host/path@home"


SPELLINGS = (
    "rtsp://admin:SECRET@host:554/stream",
    "rtsp://admin:SE CRET@host/stream",
    "rtsp://admin:a@SECRET/b@host/stream",
    "rtsp://admin:a/SECRET@b@host/stream",
    "rtsp://SECRET@host/stream",
    "rtsp://:SECRET@host/stream",
    "rtsp:/admin:SECRET@host/stream",
    "rtsp:admin:SECRET@host/stream",
    "//admin:SECRET@host/stream",
    "admin:SECRET@host:554/stream",
    "admin:SECRET@host",
    "http://host/video?loginpas=SECRET",
    "http://host/video?usr=SECRET&pwd=SECRET",
    "http://host/video?p=SECRET",
    "http://host/video?token=SECRET#t=SECRET",
    "http://host/video;sig=SECRET",
    "https://host/video?X-Amz-Signature=SECRET&a=1",
    "rtsp://host/user=admin_password=SECRET_channel=1_stream=0.sdp",
    "http://host/cgi?pass=SE CRET",
    "http://host/cgi?q=a%26SECRET",
    "host:8080/video?pass=SECRET",
    "www.host.org/video?key=SECRET",
    "rtspsrc location=rtsp://admin:SECRET@host/x ! appsink",
    "rtspsrc location=rtsp://host/x user-id=me user-pw=SECRET ! appsink",
    "souphttpsrc location=http://host/v?t=SECRET ! appsink",
)
"""The ways in which people and cameras write passwords."""


@pytest.mark.parametrize("typed", SPELLINGS)
def test_no_spelling_shows_the_password(typed: str) -> None:
    shown = [redacted_address(typed), CameraSettings(name="a", address=typed).shown_address]
    try:
        shown.append(parse_address(typed).shown)
    except CameraAddressError as error:
        shown.append(str(error))
    assert not [text for text in shown if "SECRET" in text or "CRET" in text], shown
    assert all("host" in text for text in shown)
    assert spliced(redacted_address(typed), typed) == typed


@pytest.mark.parametrize("typed", [each for each in SPELLINGS if "?pass=SE C" not in each])
def test_no_message_shows_the_password(typed: str) -> None:
    text = redacted(f"KeyError: '{typed}' is not there")
    assert "SECRET" not in text
    assert "CRET" not in text


def test_a_changed_path_keeps_every_hidden_part() -> None:
    before = "rtsp://me:hush@host/a?key=quiet&channel=1"
    edited = redacted_address(before).replace("/a", "/b")
    assert edited == "rtsp://•••@host/b?key=•••&channel=•••"
    assert spliced(edited, before) == "rtsp://me:hush@host/b?key=quiet&channel=1"


@pytest.mark.parametrize(
    "harmless",
    ["0", "/dev/video0", "/data/run=3/a b.mp4", "rtsp://host:554/stream", "C:/videos/a.mp4", "robot://host:5870/wrist"],
)
def test_what_holds_no_secret_is_shown_as_it_is(harmless: str) -> None:
    assert redacted_address(harmless) == harmless
    assert redacted(f"{harmless} is lost") == f"{harmless} is lost"
