"""What the benchmark of the sandbox makes of its figures; measuring takes minutes and is `make bench`'s."""

from __future__ import annotations

from bench.sandbox import Rest, SandboxFigures, Way, render


def figures(share: float) -> SandboxFigures:
    return SandboxFigures(
        machine="a machine",
        versions={"Pulumi": "3.259.0"},
        processes=7,
        rests=(Rest(1, share, 0.01, 0.002), Rest(10, 0.1, 0.04, 0.01)),
        rss=850 * 10**6,
        pss=500 * 2**20,
        cold_up={"sandbox": 1.5, "up zone": 2.0},
        warm_up={"up zone": 31.0},
        drill={"failover": Way(0, 32, 97, 30)},
        own_table=90.0,
    )


def test_what_was_missed_is_called_missed() -> None:
    page = render(figures(share=0.02))
    assert "| at rest, speed 1: per cent of a core | 3.00 | <= 5 | met |" in page
    assert "| at rest, speed 10: per cent of a core | 14.00 | <= 100 | met |" in page
    assert "| memory, resident: MB | 850.00 | <= 900 | met |" in page
    assert "| `make up` from nothing: seconds | 3.50 | <= 30 | met |" in page
    assert "| `make up` with nothing to do: seconds | 31.00 | <= 30 | **missed** |" in page
    assert "| `make up CSV=`, 10,000 rows, from nothing to the first answer: seconds | 90.00 | <= 180 | met |" in page
    assert "| sandbox | 1.5 s |  |" in page
    assert "| failover | 0 | 32 | 97 | 30 |" in page
    assert "per cent of a core | 5.10 | <= 5 | **missed** |" in render(figures(share=0.041))
