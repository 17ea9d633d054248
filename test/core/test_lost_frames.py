# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""LostFrames: counts of lost frames, and streams whose gaps are no losses."""

from itertools import accumulate, chain, cycle, islice, pairwise, repeat
from random import Random
from typing import NamedTuple

from edgenext_ros.core.lost_frames import LostFrames
from edgenext_ros.core.period import period_of
import numpy as np
import pytest


class Frame(NamedTuple):
    """A frame that arrives; ``unattended`` is the time before in which no thread waited."""

    stamp: float
    arrived: float
    unattended: float = 0.0
    stream: str = 'camera'
    sequence: int | None = None


def play(frames, counter=None, *, several=False, late=()):
    """Pass frames to a counter and update it once per second; return the results."""
    counter = counter or LostFrames()
    looks, next_look = [], frames[0].arrived + 1
    for frame in frames:
        while frame.arrived > next_look:
            looks.append(counter.update(
                next_look, several=several, stalled=int(next_look) in late))
            next_look += 1
        counter.note(round(frame.stamp * 1e9), arrived=frame.arrived,
                     unattended=frame.unattended, stream=frame.stream, sequence=frame.sequence)
    return [*looks, counter.update(next_look, several=several)]


def camera(rate, seconds, *, start=1000.0, jitter=0.0, seed=1):
    """Make the frames of a steady camera, with jitter of stamps and arrivals."""
    random = Random(seed)
    return [Frame(start + index / rate + random.gauss(0, jitter),
                  start + index / rate + 0.003 + abs(random.gauss(0, 0.001)))
            for index in range(round(rate * seconds))]


def lossy(frames, share, *, burst=0.0, seed=1):
    """Remove a share of the frames, singly or in bursts of this mean length (Gilbert)."""
    random, gone, kept = Random(seed), False, []
    for frame in frames:
        chance = share if not burst else (
            1 - 1 / burst if gone else share / (1 - share) / burst)
        gone = random.random() < chance
        if not gone:
            kept.append(frame)
    return kept


def from_gaps(gaps, *, start=1000.0):
    """Make frames with these gaps in seconds, which arrive at their stamps."""
    return [Frame(at, at) for at in accumulate(gaps, initial=start)]


@pytest.mark.slow
@pytest.mark.parametrize('burst', [0.0, 3.0], ids=['alone', 'bursts'])
@pytest.mark.parametrize('jitter', [0.0, 0.002], ids=['steady', 'jitter'])
@pytest.mark.parametrize('share', [0.05, 0.2, 0.5, 0.8])
@pytest.mark.parametrize('rate', [5, 10, 15, 30, 60])
def test_lost_frames_are_counted(rate, share, jitter, burst):
    if burst and share / (1 - share) / burst >= 1:
        burst = 6.0
    sent = camera(rate, max(60, 900 / rate), jitter=jitter)
    arrived = lossy(sent, share, burst=burst)
    looks = play(arrived)
    lost = len(sent) - len(arrived)
    assert looks[-1].lost / len(sent) == pytest.approx(lost / len(sent), abs=0.04)
    assert looks[-1].overwritten == 0
    assert looks[-1].goes_on
    assert looks[-1].rate == pytest.approx(rate, rel=0.03)
    first = next(index for index, look in enumerate(looks) if look.goes_on)
    assert first <= max(15, 450 / rate)
    assert all(look.goes_on for look in looks[first:]), 'one warning, not many'


@pytest.mark.parametrize('pattern', ['110', '1100', '11101', '10010', '1010010', '111110'])
def test_regular_gaps_are_no_loss_unless_sequence_numbers_show_one(pattern):
    def kept(frames):
        return [frame for frame, keep in zip(frames, cycle(pattern), strict=False)
                if keep == '1']

    alone = play(kept(camera(15, 60)))
    assert not any(look.goes_on for look in alone)
    assert alone[-1].lost <= 3, 'before the pattern is known'
    sent = numbered(camera(15, 60))
    assert play(kept(sent))[-1].lost == pytest.approx(len(sent) - len(kept(sent)), rel=0.05)


@pytest.mark.parametrize('share', [0.2, 0.5])
def test_sequence_numbers_tell_skipped_from_lost_frames(share):
    looks = play(numbered(lossy(camera(30, 60), share)))
    assert (looks[-1].lost, any(look.goes_on for look in looks)) == (0, False)


@pytest.mark.parametrize('gaps', [(0.02, 0.08), (0.002, 0.065), (0.001, 0.0323)], ids=str)
def test_frames_in_pairs_report_no_loss(gaps):
    looks = play(from_gaps(gaps * 300))
    assert (looks[-1].lost, looks[-1].overwritten) == (0, 0)


def test_loss_report_ends_and_resumes_with_losses():
    sent = camera(15, 120)
    looks = play(lossy(sent[:600], 0.5) + sent[600:1200] + lossy(sent[1200:], 0.5))
    changes = [index for index, (before, after) in enumerate(pairwise(looks))
               if before.goes_on != after.goes_on]
    assert len(changes) == 3
    assert changes[0] <= 8
    assert 40 <= changes[1] <= 52 and looks[changes[1] + 1].arrives
    assert 80 <= changes[2] <= 92


def test_reset_counts_keeps_the_state_of_the_warning():
    counter = LostFrames()
    assert play(lossy(camera(15, 30), 0.5), counter)[-1].lost > 200
    counter.reset_counts()
    look = counter.update(1031.0)
    assert (look.lost, look.overwritten, look.goes_on, look.arrives) == (0, 0, True, True)
    # The camera has stopped, so nothing is lost, and nothing arrives.
    *_, look = (counter.update(1032.0 + second) for second in range(200))
    assert not look.goes_on and not look.arrives


def overwritten(rate, *, work, seconds=60):
    """Simulate a slow engine, which takes the newest frame after each piece of work."""
    frames, taken, free = camera(rate, seconds), [], 0.0
    for frame, following in pairwise(frames):
        if frame.arrived < free < following.arrived:
            taken.append(frame._replace(arrived=free, unattended=work))
        elif free <= frame.arrived:
            taken.append(frame)
        else:
            continue
        free = taken[-1].arrived + work
    return taken


@pytest.mark.parametrize('rate,work', [(30, 0.1), (30, 0.05), (60, 0.03), (15, 0.15), (5, 0.5)])
def test_frames_that_were_overwritten_during_work_are_not_lost(rate, work):
    frames = overwritten(rate, work=work)
    looks = play(frames)
    assert {look.lost for look in looks} == {0}
    assert not any(look.goes_on for look in looks)


def test_overwritten_frames_are_counted_apart():
    random = Random(1)
    frames, taken = camera(30, 60), []
    while frames:  # work takes one frame's time, or sometimes four
        taken.append(frames.pop(0))
        if random.random() < 0.2 and len(frames) > 4:
            frames = [frames[3]._replace(unattended=0.13), *frames[4:]]
    look = play(taken)[-1]
    assert look.lost == 0
    assert look.overwritten == pytest.approx(1800 - len(taken), rel=0.05)
    assert not look.goes_on


def test_frames_missed_while_the_process_is_stalled_are_not_lost():
    frames = [frame for frame in camera(30, 60) if frame.arrived % 5 > 1.2]
    looks = play(frames, late={at for at in range(1000, 1062) if at % 5 in (1, 2)})
    assert not any(look.goes_on for look in looks)
    assert looks[-1].lost == 0


def uneven(low, high, *, seed=1):
    random = Random(seed)
    return from_gaps(random.uniform(low, high) for _ in range(1800))


def two_cameras(offset, streams=('front', 'rear')):
    first = camera(30, 60)
    return sorted(chain(
        (frame._replace(stream=streams[0]) for frame in first),
        (Frame(frame.stamp + offset, frame.arrived + offset, stream=streams[1])
         for frame in first)), key=lambda frame: frame.arrived)


def in_a_loop(times, seconds):
    return [Frame(frame.stamp, frame.arrived + turn * seconds)
            for turn in range(times) for frame in camera(30, seconds)]


def paced(pace):
    return [Frame(frame.stamp, 1000 + (frame.arrived - 1000) / pace) for frame in camera(30, 60)]


def clock_set(seconds):
    return [frame._replace(stamp=frame.stamp + seconds * (index // 150))
            for index, frame in enumerate(camera(30, 60))]


def exposure():
    """Simulate automatic exposure: gaps grow slowly from 33 to 100 ms."""
    return from_gaps(1 / 30 * (1 + 2 * abs(np.sin(index / 150))) for index in range(1800))


SILENT = {
    'steady': lambda: camera(30, 60, jitter=0.001),
    'jitter of 4 ms at 60 Hz': lambda: camera(60, 60, jitter=0.004),
    'uneven, 20 to 120 ms': lambda: uneven(0.02, 0.12),
    'uneven, 30 to 70 ms': lambda: uneven(0.03, 0.07),
    'uneven, 0 to 100 ms': lambda: uneven(0, 0.1),
    'exposure follows the light': exposure,
    '30, 15, 30 Hz, for 10 s each': lambda: from_gaps(
        chain.from_iterable(chain(repeat(1 / 30, 300), repeat(1 / 15, 150)) for _ in range(4))),
    '30, 15, 30 Hz, for 1 s each': lambda: from_gaps(
        chain.from_iterable(chain(repeat(1 / 30, 30), repeat(1 / 15, 15)) for _ in range(30))),
    '30, 10, 30 Hz, for 2 s each': lambda: from_gaps(
        chain.from_iterable(chain(repeat(1 / 30, 60), repeat(1 / 10, 20)) for _ in range(15))),
    '30, 25, 30 Hz, for 5 s each': lambda: from_gaps(
        chain.from_iterable(chain(repeat(1 / 30, 150), repeat(1 / 25, 125)) for _ in range(6))),
    '30, 20, 30 Hz, for 5 s each': lambda: from_gaps(
        chain.from_iterable(chain(repeat(1 / 30, 150), repeat(1 / 20, 100)) for _ in range(6))),
    'every second frame': lambda: camera(30, 60)[::2],
    'every fifth frame': lambda: camera(30, 60)[::5],
    '24 Hz shown at 60: gaps of two and three': lambda: from_gaps(
        islice(cycle([2 / 60, 3 / 60]), 1440)),
    'two cameras': lambda: two_cameras(0.01),
    'two cameras, a third of a period apart': lambda: two_cameras(1 / 90),
    'a bag in a loop': lambda: in_a_loop(12, 5),
    'a bag in a short loop': lambda: in_a_loop(120, 0.5),
    'a bag at half the rate': lambda: paced(0.5),
    'a bag at ten times the rate': lambda: lossy(paced(10), 0.5),
    'the clock goes back': lambda: clock_set(-0.5),
    'the clock goes forward': lambda: clock_set(0.5),
    'the clock goes forward by an hour': lambda: clock_set(3600),
    'stamps of zero': lambda: [frame._replace(stamp=0) for frame in camera(30, 60)],
    'one stamp': lambda: [frame._replace(stamp=1.0) for frame in camera(30, 60)],
    'each frame twice': lambda: sorted(2 * camera(30, 60)),
    'a camera that starts anew every 6 s': lambda: [
        frame for frame in camera(30, 60) if frame.stamp % 6 > 3],
    'ten frames': lambda: camera(30, 60)[::180],
}


@pytest.mark.parametrize('make', SILENT.values(), ids=SILENT)
def test_no_loss_is_reported_without_losses(make):
    looks = play(make())
    assert not any(look.goes_on for look in looks)
    assert looks[-1].lost <= 2


def numbered(frames):
    """Add sequence numbers, as some middleware does."""
    return [frame._replace(sequence=number) for number, frame in enumerate(frames)]


@pytest.mark.parametrize('sent', [
    numbered(camera(30, 60)), numbered(uneven(0.02, 0.05))], ids=['steady', 'uneven'])
@pytest.mark.parametrize('keep', [
    lambda frames: lossy(frames, 0.4), lambda frames: frames[::3]], ids=['random', 'each third'])
def test_sequence_numbers_show_losses_that_stamps_cannot(sent, keep):
    arrived = keep(sent)
    look = play(arrived)[-1]
    assert look.goes_on
    assert look.lost == pytest.approx(len(sent) - len(arrived), rel=0.05)


def test_sequence_numbers_show_overwritten_frames_that_stamps_cannot():
    arrived = [frame._replace(unattended=0.15) for frame in numbered(camera(30, 60))[::5]]
    look = play(arrived)[-1]
    assert (look.lost, look.goes_on) == (0, False)
    assert look.overwritten == pytest.approx(1440, rel=0.05)


def test_restarted_sequence_numbers_are_no_loss():
    frames = [frame._replace(sequence=index % 90) for index, frame in enumerate(camera(30, 60))]
    assert play(frames)[-1].lost == 0


def test_unnamed_cameras_on_one_topic_report_no_loss():
    frames = [frame._replace(stream='') for frame in two_cameras(1 / 90)]
    assert not any(look.goes_on or look.lost for look in play(frames, several=True))


def test_camera_pause_is_no_loss():
    counter, frames = LostFrames(), camera(30, 60)
    for begin in range(0, 1800, 60):  # the node listens for 1.5 of every 2 seconds
        counter.interrupt()
        looks = play(frames[begin:begin + 45], counter)
        assert not looks[-1].goes_on
    assert looks[-1].lost == looks[-1].overwritten == 0


@pytest.mark.parametrize('gaps,period', [
    ([0.1] * 20, 0.1), ([0.1, 0.2, 0.3] * 8, 0.1), ([0.1] * 11, None), ([], None),
    ([0.2, 0.3] * 10, None), ([0.1, 0.15] * 10, None), ([0.1, 0.12] * 10, 0.11),
    ([0.1] * 30 + [7.77], 0.1)])
def test_period_of_regular_gaps_is_found(gaps, period):
    found = period_of(np.array(gaps))
    assert found == (period if period is None else pytest.approx(period, rel=0.02))
