"""Failover drills: lose one site on purpose, measure how traffic moves, take it back.

A drill uses public interfaces only (Route 53's API, DNS, HTTPS), so the same drill runs on a laptop and on real clouds.
It reads like seven steps: init, steady, fail, moved, restore, back, steady (`failover.drill.run`).

    fleet      the sites behind a host                     discover   reads the fleet from Route 53
    preflight  looks at every site, once
    plan       what would be changed, and its hash         guards     what must hold before anything is changed
    changes    one change as data, with its undo           actions    makes it, and takes it back
    run        the seven steps                             aborts     when they have to end early
    clients    stub caches that honour TTLs                observers  look at everything, ten times a second
    kinds      clients that hold on for longer             waits      for which of them a drill stays away
    making     what a drill and an experiment do alike     heartbeat  the lock, renewed while a drill runs
    journal    what happened, on disk before it happens    restore    undoes what a dead drill left
    chain      by which an edited journal is found out     by_hand    what a person types where nothing else can
    measure    journal -> stamps and terms                 account    who approved, what everybody bore, what it cost
               (`measurement`, made of `samples`)          finish     the reports, and the exit code
    report     one page of `tables` and a picture          timeline   the picture, with a band of `shares`
    retell     a drill from its journal on disk

What reads finished drills again is in `failover.evidence`.
"""
