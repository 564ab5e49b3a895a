from __future__ import annotations

from reconciler.testing.emulators.limits import Bucket


def test_a_bucket_gives_what_is_in_it_and_then_fills_up() -> None:
    now = [0.0]
    bucket = Bucket(2, 4, clock=lambda: now[0])
    assert [bucket.take() for _ in range(3)] == [0.0, 0.0, 0.25]
    now[0] = 0.25
    assert (bucket.left, bucket.take(), bucket.left) == (1, 0.0, 0)
    now[0] = 100.0
    assert bucket.left == 2
    assert bucket.taken == 3
