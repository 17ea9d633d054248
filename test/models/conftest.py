# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a server, and functions that fetch from it without sleeping."""

from edgenext_ros.models import fetch
from edgenext_ros.models.catalog import File
from edgenext_ros.models.download import FetchError
from edgenext_ros.models.fetch import Options
from helpers.model_server import Site
import pytest


@pytest.fixture
def naps(monkeypatch):
    """Collect the pauses between attempts instead of sleeping."""
    for name in ('http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    pauses = []
    monkeypatch.setattr(fetch, 'sleep', pauses.append)
    return pauses


@pytest.fixture
def site():
    with Site() as server:
        yield server


@pytest.fixture
def get(site, naps, tmp_path):
    """Return a function that fetches a file from a server with the given answers."""
    def call(*answers, name='model.bin', folder=tmp_path, mirrors=(), retries=4, timeout=20,
             **hooks):
        if answers:
            site.answers['/zoo/model'] = list(answers)
        return fetch.fetch(
            File(name, site.url, 'zoo/model'), folder,
            options=Options(mirrors=mirrors, retries=retries, timeout=timeout), **hooks)
    return call


@pytest.fixture
def refusal(get):
    """Return a function that fails to fetch and returns the error, one sentence."""
    def call(*answers, error=FetchError, **options):
        with pytest.raises(error) as caught:
            get(*answers, **options)
        text = str(caught.value)
        assert '\n' not in text and text.isprintable() and len(text) < 900
        return text
    return call
