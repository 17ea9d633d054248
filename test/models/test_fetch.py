# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fetching from a local HTTP server with the faults of real servers and networks."""

import errno
import hashlib
import os
import resource
import socket
import subprocess
from threading import Event, Thread
from urllib.request import Request

from edgenext_ros.models import download
from edgenext_ros.models.download import Refused
from edgenext_ros.models.fetch import mirror
from helpers.model_server import Answer, BIN, names, ONNX, OTHER, WEIGHTS
import pytest

CUT = Answer(stop=100_000)
FIRST = {'headers': (('ETag', '"0"'),), 'stop': 100_000}


def test_fetch_writes_model_and_checksum_once(site, get, tmp_path, naps):
    seen = []
    got = get(Answer(), progress=lambda done, total: seen.append((done, total)))
    assert got.path == tmp_path / 'model.bin' and got.path.read_bytes() == BIN and got.fresh
    assert got.digest.sha256 == hashlib.sha256(BIN).hexdigest() and got.digest.size == len(BIN)
    assert names(tmp_path) == ['.model.bin.lock', 'model.bin', 'model.bin.sha256']
    subprocess.run(['sha256sum', '-c', '--strict', 'model.bin.sha256'], cwd=tmp_path, check=True)
    assert seen == sorted(seen) and seen[0] == (0, len(BIN)) and seen[-1] == (len(BIN), len(BIN))
    again = get()
    assert again.digest == got.digest and not again.fresh and len(site.requests) == 1 and not naps


def test_names_of_fetched_files_are_synced(get, tmp_path, monkeypatch):
    synced, fsync = [], os.fsync

    def note(descriptor):
        fsync(descriptor)
        if os.fstat(descriptor).st_ino == tmp_path.stat().st_ino:
            synced.append({'model.bin', 'model.bin.sha256'} & set(names(tmp_path)))

    monkeypatch.setattr(os, 'fsync', note)
    get(Answer())
    assert synced == [{'model.bin.sha256'}, {'model.bin', 'model.bin.sha256'}]


@pytest.mark.parametrize('name,body', [('model.onnx', ONNX), ('model.safetensors', WEIGHTS)])
def test_fetch_checks_onnx_and_safetensors(get, refusal, name, body):
    assert get(Answer(body), name=name).path.read_bytes() == body
    refused = refusal(Answer(body[:-1]), name=f'cut.{name}')
    assert f'cut.{name}: expected' in refused


@pytest.mark.parametrize('headers,asked', [
    ((('ETag', '"1"'), ('Last-Modified', 'then')), '"1"'),
    ((('ETag', 'W/"1"'), ('Last-Modified', 'then')), 'then'), ((('ETag', 'W/"1"'),), None),
    ((), None)], ids=['tag', 'weak tag and date', 'weak tag', 'nothing'])
def test_fetch_resumes_after_broken_connection(site, get, naps, headers, asked):
    said = []
    got = get(Answer(headers=headers, stop=100_000), Answer(headers=headers), notice=said.append)
    assert got.path.read_bytes() == BIN and naps == [1.0]
    assert site.requests[1][1].get('if-range') == asked
    assert site.ranges == [None, 'bytes=100000-' if asked else None]
    assert said == [f'{site.url}zoo/model ends after 100000 of {len(BIN)} bytes; trying again '
                    'in 1 s']


def test_fetch_resumes_part_of_earlier_run(site, get, refusal, tmp_path):
    assert 'ends after 100000 of' in refusal(CUT, retries=0)
    assert (tmp_path / 'model.bin.part').stat().st_size == 100_000
    assert not (tmp_path / 'model.bin').exists()
    assert get(Answer()).path.read_bytes() == BIN and site.ranges[-1] == 'bytes=100000-'


def test_fetch_resumes_after_connection_reset(site, get):
    assert get(Answer(stop=100_000, then='reset'), Answer()).path.read_bytes() == BIN
    assert len(site.requests) == 2


def test_attempts_that_bring_bytes_do_not_count(site, get, naps):
    pieces = [Answer(stop=60_000)] * 4
    assert get(*pieces, Answer(), retries=1).path.read_bytes() == BIN
    assert naps == [1.0] * 4
    assert site.ranges[1:] == [f'bytes={60_000 * i}-' for i in range(1, 5)]


@pytest.mark.parametrize('answer', [
    Answer(raw=b''), Answer(raw=b'SSH-2.0\r\n'), Answer(then='reset', stop=0),
    Answer(status=503), Answer(status=429), Answer(status=500)],
    ids=['nothing', 'not HTTP', 'reset', 'HTTP 503', 'HTTP 429', 'HTTP 500'])
def test_fetch_retries_transient_errors(get, naps, answer):
    assert get(answer, answer, Answer()).path.read_bytes() == BIN and naps == [1.0, 2.0]


def test_fetch_gives_up_after_its_retries(site, refusal, naps):
    text = refusal(Answer(status=503, reason='\x1b[2JBusy'), retries=6)
    assert f'{site.url}zoo/model answers HTTP 503 (' in text and 'Busy), 7 times in a row' in text
    assert naps == [1, 2, 4, 8, 16, 30] and len(site.requests) == 7


@pytest.mark.parametrize('status', [403, 404, 410])
def test_fetch_does_not_retry_permanent_errors(site, refusal, tmp_path, naps, status):
    text = refusal(Answer(status=status))
    assert f'answers HTTP {status}' in text and str(tmp_path / 'model.bin') in text
    assert len(site.requests) == 1 and not naps


@pytest.mark.slow
@pytest.mark.parametrize('stop', [None, 1000], ids=['before the body', 'in the body'])
def test_fetch_resumes_after_stalled_server(site, get, refusal, naps, stop):
    stalls = Answer(then='stall', stop=stop)
    assert 'sends nothing for 0.5 s' in refusal(stalls, retries=0, timeout=0.5)
    assert get(stalls, Answer(), timeout=0.5).path.read_bytes() == BIN and naps[0] == 1.0
    assert site.ranges[:3] == [None, *(['bytes=1000-', 'bytes=2000-'] if stop else [None] * 2)]


@pytest.mark.parametrize('second', [
    Answer(OTHER, ranges=False), Answer(OTHER)], ids=['no ranges', 'another version'])
def test_fetch_starts_over_when_server_ignores_range(site, get, second):
    assert get(Answer(**FIRST), second).path.read_bytes() == OTHER
    assert site.ranges == [None, 'bytes=100000-'] and len(site.requests) == 2


@pytest.mark.parametrize('second,words', [
    (Answer(OTHER, heeds=False), 'sends the rest of another version'),
    (Answer(heeds=False, shift=1), "sends the range 'bytes 100001-"),
    (Answer(b'', 416), 'answers HTTP 416'),
    (Answer(status=206), "sends the range ''"),
    (Answer(raw=b'HTTP/1.1 206 Part\r\nContent-Range: bytes 100000-100001/100002\r\n'
                b'Content-Length: 10\r\n\r\n0123456789'), 'ends after 100010 of 100002 bytes')],
    ids=['versions mixed', 'another place', 'refused', 'no place', 'too much'])
def test_fetch_starts_over_after_wrong_range(site, get, second, words):
    said = []
    assert get(Answer(**FIRST), second, Answer(), notice=said.append).path.read_bytes() == BIN
    assert words in said[1] and site.ranges == [None, 'bytes=100000-', None]


def test_fetch_starts_over_when_part_was_complete(site, get, refusal):
    refusal(Answer(stop=len(BIN), claims=len(BIN) + 1), retries=0)
    assert get(Answer()).path.read_bytes() == BIN
    assert site.ranges == [None, f'bytes={len(BIN)}-']


def test_fetch_refuses_wrong_content_length(get, refusal, tmp_path, naps):
    text = refusal(Answer(claims=len(BIN) + 9, headers=()), retries=1)
    assert f'ends after {len(BIN)} of {len(BIN) + 9} bytes, 2 times' in text and naps == [1.0]
    text = refusal(Answer(claims=len(BIN) - 9))
    assert 'sends something else: model.bin: expected a .bin' in text
    assert names(tmp_path) == ['.model.bin.lock']
    assert get(Answer(claims=-1)).path.read_bytes() == BIN


def test_file_over_the_limit_is_refused(refusal, tmp_path, monkeypatch):
    assert 'would send 268435457 bytes, over the limit' in refusal(Answer(claims=(1 << 28) + 1))
    monkeypatch.setattr(download, 'MAX_MODEL_BYTES', len(BIN) - 1)
    assert 'more than the limit' in refusal(Answer(claims=-1))
    assert 'model.bin.part' not in names(tmp_path)


def test_redirect_is_followed_and_resumed(site, get):
    site.answers['/there'] = [CUT, Answer()]
    assert get(Answer(b'', 302, headers=(('Location', '/there'),))).path.read_bytes() == BIN
    assert [path for path, _ in site.requests] == ['/zoo/model', '/there'] * 2
    assert site.ranges[-1] == 'bytes=100000-'


@pytest.mark.parametrize('location', ['file:///etc/passwd', 'ftp://127.0.0.1/model', '/zoo/model',
                                      'http://[', ''])
def test_redirect_to_other_scheme_or_to_itself_is_refused(site, refusal, tmp_path, naps, location):
    text = refusal(Answer(b'', 302, headers=(('Location', location),)))
    assert f'{site.url}zoo/model ' in text and not naps
    assert names(tmp_path) == ['.model.bin.lock']


def test_a_redirect_out_of_https_is_refused():
    ask = download._Redirects().redirect_request
    https = Request('https://a/model')
    with pytest.raises(Refused, match='redirects to http://b/model, which is not https'):
        ask(https, None, 302, 'Found', {}, 'http://b/model')
    assert ask(https, None, 302, 'Found', {}, 'https://b/model').full_url == 'https://b/model'


def test_fetch_refuses_web_page(refusal, tmp_path):
    page = b'<!DOCTYPE html><p>Welcome to our hotel'
    refusal(CUT, retries=0)
    text = refusal(Answer(page, headers=(('Content-Type', 'text/html; charset=utf-8'),)))
    assert 'sends text/html; charset=utf-8 instead of a model' in text
    assert (tmp_path / 'model.bin.part').stat().st_size == 100_000, 'worth to go on with later'
    assert 'found an HTML or XML page' in refusal(Answer(page))
    assert names(tmp_path) == ['.model.bin.lock']


def test_mirrors_are_tried_in_order(site, get, refusal):
    site.answers['/b/zoo/model'] = [Answer()]
    mirrors = tuple(mirror(f'{site.url}{name}') for name in 'abc')
    assert get(mirrors=mirrors).path.read_bytes() == BIN
    assert [path for path, _ in site.requests] == ['/a/zoo/model', '/b/zoo/model']
    text = refusal(mirrors=mirrors[::2], name='new.bin')
    assert f'{site.url}a/zoo/model answers' in text and f'{site.url}c/zoo/model answers' in text


@pytest.mark.parametrize('text', ['', 'server', 'ftp://server/', 'file:///tmp', 'http:///x',
                                  'http://user:word@server/', 'http://server/?a', 'http://['])
def test_invalid_mirror_url_is_refused(text):
    with pytest.raises(ValueError):
        mirror(text)


def test_fetch_uses_http_proxy_of_environment(site, get, monkeypatch):
    monkeypatch.setenv('http_proxy', site.url)
    site.answers['http://models.invalid/zoo/model'] = [Answer()]
    assert get(mirrors=('http://models.invalid/',)).path.read_bytes() == BIN


def test_fetch_without_a_network_names_the_address(refusal, tmp_path, naps, monkeypatch):
    with socket.socket() as closed:  # bound, but not listening
        closed.bind(('127.0.0.1', 0))
        address = f'http://127.0.0.1:{closed.getsockname()[1]}/'
        text = refusal(mirrors=(address,))
    assert f'{address}zoo/model cannot be reached (Connection refused)' in text
    assert f'bring the file from another machine to {tmp_path / "model.bin"}' in text

    def unknown(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, 'Name or service not known')
    monkeypatch.setattr(socket, 'getaddrinfo', unknown)
    assert 'cannot be reached (Name or service not known)' in refusal()
    assert not naps


def test_interrupted_fetch_keeps_its_part(site, get, tmp_path):
    def interrupt(done, total):
        if done:
            raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        get(Answer(), progress=interrupt)
    size = (tmp_path / 'model.bin.part').stat().st_size
    assert get().path.read_bytes() == BIN and site.ranges == [None, f'bytes={size}-']


def test_concurrent_fetches_download_once(site, get):
    waits, results = Event(), []
    site.answers['/zoo/model'] = [Answer(gate=waits)]

    def run():
        results.append(get(notice=lambda text: 'waiting for another' in text and waits.set()))
    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [got.path.read_bytes() == BIN for got in results] == [True, True]
    assert sorted(got.fresh for got in results) == [False, True] and len(site.requests) == 1


def test_full_disk_removes_the_part(refusal, tmp_path, monkeypatch):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
        text = refusal(Answer())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert 'model.bin.part: cannot be written: File too large; it was removed' in text

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(download.os, 'fsync', full)
    assert 'No space left on device' in refusal()
    assert not {'model.bin', 'model.bin.part'} & {*names(tmp_path)}


def test_folder_that_cannot_be_created_is_named(refusal, tmp_path):
    (tmp_path / 'file').touch()
    text = refusal(folder=tmp_path / 'file' / 'cache')
    assert f'{tmp_path}/file/cache' in text and 'another folder in $XDG_CACHE_HOME' in text
