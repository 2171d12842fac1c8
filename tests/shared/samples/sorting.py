"""Samples of sorting."""

from __future__ import annotations

from samples.build import ORDERED, REAL, empty03, samples, spread

__all__: list[str] = []

for x in (spread(3, 5), spread(5, 3).T, spread(6), empty03):
    samples(
        "sort",
        (x,),
        lambda t, x: x.sort(),
        lambda t, x: t.sort(x, -1, True),
        lambda t, x: x.sort(dim=-1, descending=True),
        lambda t, x: t.sort(x).values,
        lambda t, x: x.sort(0)[1],
        lambda t, x: x.argsort(),
        lambda t, x: t.argsort(x, 0, True),
        dtypes=ORDERED,
    )
    samples(
        "topk",
        (x,),
        lambda t, x: x.topk(2),
        lambda t, x: t.topk(x, 1, -1, False),
        lambda t, x: x.topk(k=3, dim=-1, largest=True),
        lambda t, x: x.topk(0),
        lambda t, x: x.topk(2, sorted=True)[0],
        dtypes=REAL,
    )

for x in (spread(3, 5), spread(5, 3).T, spread(6)):
    samples(
        "kthvalue",
        (x,),
        lambda t, x: x.kthvalue(2),
        lambda t, x: t.kthvalue(x, 3, 0),
        lambda t, x: t.kthvalue(x, k=1, dim=-1, keepdim=True),
        dtypes=REAL,  # which of equal elements it names is not said
    )
    samples(
        "median",
        (x,),
        lambda t, x: x.median(),
        lambda t, x: x.median(0),
        lambda t, x: t.median(x, dim=-1, keepdim=True),
        dtypes=ORDERED,
    )
    samples(
        "nanmedian",
        (x,),
        lambda t, x: x.nanmedian(),
        lambda t, x: x.nanmedian(0),
        dtypes=ORDERED,
    )
