"""The RRsets of the sample: made-up owners under reserved names, infrastructure, and the names of the
stories.

A few thousand owner names. Volumes of the registered domains fall like a Zipf curve, and so do those of
the hosts inside one; which names exist, and how often each is asked for on an ordinary day, depends on the
seed alone.
"""

from itertools import product

import numpy as np
from dnstide.sample.districts import district_rrsets
from dnstide.sample.rrset import Rrset, rrset

WORDS = (
    *(
        "amber",
        "anchor",
        "aurora",
        "basalt",
        "beacon",
        "birch",
        "bramble",
        "breeze",
        "canyon",
        "cedar",
        "cinder",
    ),
    *(
        "cobalt",
        "copper",
        "coral",
        "delta",
        "drift",
        "dune",
        "echo",
        "ember",
        "fable",
        "falcon",
        "fern",
        "fjord",
    ),
    *(
        "garnet",
        "glacier",
        "grove",
        "harbor",
        "hazel",
        "heron",
        "indigo",
        "island",
        "jasper",
        "juniper",
        "kelp",
    ),
    *(
        "lagoon",
        "lantern",
        "larch",
        "linden",
        "marble",
        "meadow",
        "mesa",
        "mist",
        "nectar",
        "nimbus",
        "north",
    ),
    *("oasis", "onyx", "orchid", "osprey", "pebble", "pine", "prairie", "quartz", "raven", "reef", "ridge"),
)
TAILS = ("cloud", "media", "shop", "lab", "bank", "news", "games", "mail", "edge", "data", "works", "press")
# Ranks 1–7, 9–15 and 17–20 of the registered domains on the ranked day; the districts are 8th and 16th.
LARGEST = (
    ("edge-delivery", 9_104_000),
    ("telemetry-hub", 7_421_000),
    ("adserving", 6_318_000),
    ("mobile-push", 5_507_000),
    ("videostream", 4_932_000),
    ("socialgraph", 4_409_000),
    ("searchbox", 3_871_000),
    ("cloudstore", 3_252_000),
    ("mapservice", 3_141_000),
    ("timesync", 3_049_000),
    ("updates", 2_978_000),
    ("webfonts", 2_903_000),
    ("tagmanager", 2_817_000),
    ("crashreports", 2_722_000),
    ("messenger", 2_413_000),
    ("photoshare", 2_204_000),
    ("payments", 2_051_000),
    ("weather", 1_934_000),
)
HOSTS = (
    "www",
    "api",
    "static",
    "mail",
    "img",
    "login",
    "m",
    "cdn",
    "vpn",
    "smtp",
    "imap",
    "ftp",
    "blog",
    "dev",
    "pix",
)
DOMAINS = 360
LETTERS = "abcdefghijklm"


def build(seed: int) -> list[Rrset]:
    """All RRsets of the `dns` tables."""
    rng = np.random.default_rng([seed, 10])
    rows = [*_infrastructure(), *_pointers(rng), *_specials(), *district_rrsets()]
    words = [f"{a}-{b}" for a, b in product(WORDS, TAILS)]
    rng.shuffle(words)
    for rank, (label, volume) in enumerate(LARGEST):
        rows += _domain(rng, rank, f"{label}.example.", volume)
    for i, label in enumerate(words[: DOMAINS - len(LARGEST)]):
        rank = len(LARGEST) + i
        rows += _domain(rng, rank, f"{label}.example.", 1_934_000 * (19 / (rank + 3)) ** 3.2)
    return rows


def _address(rng: np.random.Generator) -> str:
    net = ("192.0.2", "198.51.100", "203.0.113")[int(rng.integers(3))]
    return f"{net}.{int(rng.integers(1, 255))}"


def _address6(rng: np.random.Generator) -> str:
    return f"2001:db8:{int(rng.integers(0x10000)):x}::{int(rng.integers(1, 0x10000)):x}"


def _domain(rng: np.random.Generator, rank: int, domain: str, volume: float) -> list[Rrset]:
    """One registered domain: its apex, its hosts, and a service or two; the means add up to `volume`."""
    hosts = int(rng.integers(1, 5)) if rank > 200 else int(rng.integers(4, 9)) if rank > 40 else 14
    plan: list[tuple[str, str, list[str], float]] = [
        (domain, "NS", [f"ns1.{domain}", f"ns2.{domain}"], 0.9),
        (
            domain,
            "SOA",
            [f"ns1.{domain} hostmaster.{domain} {2018010100 + rank} 7200 900 1209600 3600"],
            0.12,
        ),
        (domain, "A", [_address(rng)], 0.8),
        (domain, "MX", [f"10 mail.{domain}", f"20 backup-mx.{domain}"], 0.25),
    ]
    if rank % 3 == 0:
        plan.append((domain, "TXT", ['"v=spf1 mx -all"'], 0.15))
        plan.append((f"_dmarc.{domain}", "TXT", ['"v=DMARC1; p=none"'], 0.06))
    if rank % 4 == 0:
        plan.append((domain, "HTTPS", [f"1 svc.{domain} alpn=h2"], 0.1))
        plan.append((domain, "AAAA", [_address6(rng)], 0.5))
    if rank % 11 == 0:
        plan.append((f"_sip._tcp.{domain}", "SRV", [f"10 60 5060 sip.{domain}"], 0.05))
    for k, host in enumerate(HOSTS[:hosts]):
        weight = 2.0 / (k + 1)
        if host == "cdn" or (host == "www" and rank % 5 == 0):
            plan.append((f"{host}.{domain}", "CNAME", [f"{host}-{rank}.edge-delivery.example."], weight))
        else:
            plan.append((f"{host}.{domain}", "A", sorted({_address(rng), _address(rng)}), weight))
            if rank % 2 == 0:
                plan.append((f"{host}.{domain}", "AAAA", [_address6(rng)], weight * 0.6))
    if rank == 0:
        plan += [(f"e{i:04d}.{domain}", "A", [_address(rng)], 40.0 / (i + 3) ** 2) for i in range(400)]
    unit = volume / sum(weight for *_, weight in plan)
    rows = [rrset(o, t, domain, data, unit * w, domain=rank) for o, t, data, w in plan]
    if rank < 120:  # the delegation is seen in the parent's zone too
        rows.append(
            rrset(domain, "NS", "example.", [f"ns1.{domain}", f"ns2.{domain}"], unit * 0.02, domain=rank)
        )
    return rows


def _infrastructure() -> list[Rrset]:
    """The root, a few top-level domains and their servers."""
    roots = [f"{c}.root-servers.net." for c in LETTERS]
    rows = [rrset(".", "NS", ".", roots, 1_910_000)]
    for tld, mean in (
        ("com.", 2_310_000),
        ("net.", 1_380_000),
        ("org.", 640_000),
        ("us.", 410_000),
        ("uk.", 220_000),
    ):
        rows.append(rrset(tld, "NS", ".", [f"{c}.gtld-servers.net." for c in LETTERS], mean))
        rows.append(
            rrset(tld, "SOA", tld, [f"a.gtld-servers.net. nstld.{tld} 1 1800 900 604800 86400"], mean / 9)
        )
    rows.append(rrset("arpa.", "NS", ".", roots, 90_000))
    rows.append(rrset("example.", "NS", ".", ["ns1.nic.example.", "ns2.nic.example."], 530_000))
    for i, letter in enumerate(LETTERS):
        for zone, mean in (("gtld-servers.net.", 1_900_000), ("root-servers.net.", 1_150_000)):
            host = f"{letter}.{zone}"
            rows.append(rrset(host, "A", zone, [f"192.0.2.{10 + i}"], mean / 20))
            rows.append(rrset(host, "AAAA", zone, [f"2001:db8:53::{i + 1:x}"], mean / 30))
    return rows


def _pointers(rng: np.random.Generator) -> list[Rrset]:
    """Reverse names of the documentation networks."""
    rows = []
    for i, (net, last) in enumerate(product(("2.0.192", "100.51.198", "113.0.203"), range(1, 255, 2))):
        zone = f"{net}.in-addr.arpa."
        rows.append(
            rrset(f"{last}.{zone}", "PTR", zone, [f"host-{i}.meadow-edge.example."], 9000 / (1 + i % 127))
        )
    zone = "8.b.d.0.1.0.0.2.ip6.arpa."
    for i in range(40):
        nibbles = ".".join(f"{int(rng.integers(2**60)):015x}"[:15])
        rows.append(
            rrset(
                f"{nibbles}.0.0.0.0.0.0.0.0.0.{zone}",
                "PTR",
                zone,
                [f"v6-{i}.reef-data.example."],
                700 / (i + 1),
            )
        )
    return rows


def _specials() -> list[Rrset]:
    """Names with a story: www.yahoo.com, one launch, one silence, one name that is not ASCII."""
    yahoo = ("www.yahoo.com.", "CNAME", "yahoo.com.")
    return [
        rrset(*yahoo, ["atsv2-fp.wg1.b.yahoo.com."], story="yahoo-old", share=1.0),
        rrset(*yahoo, ["atsv2-fp-shed.wg1.b.yahoo.com."], story="yahoo-new", share=1.0),
        rrset("yahoo.com.", "NS", "com.", ["ns1.yahoo.com.", "ns2.yahoo.com."], 5200),
        rrset("yahoo.com.", "NS", "yahoo.com.", ["ns1.yahoo.com.", "ns2.yahoo.com."], 41_000),
        rrset("launch.example.", "A", "launch.example.", ["203.0.113.80"], 3100, story="launch"),
        rrset("backup.campus.example.", "A", "campus.example.", ["198.51.100.25"], 2600, story="silence"),
        rrset(
            "backup.campus.example.", "AAAA", "campus.example.", ["2001:db8:ca::25"], 1900, story="silence"
        ),
        rrset("xn--bcher-kva.example.", "A", "xn--bcher-kva.example.", ["203.0.113.7"], 2400),
        rrset("www.example.com.", "A", "example.com.", ["192.0.2.80"], 88_000),
        rrset("www.example.com.", "AAAA", "example.com.", ["2001:db8::80"], 61_000),
        rrset("example.com.", "NS", "com.", ["ns1.example.com.", "ns2.example.com."], 9000),
        rrset("example.com.", "MX", "example.com.", ["0 ."], 3000),
        rrset("www.example.net.", "A", "example.net.", ["192.0.2.81"], 27_000),
        rrset("www.example.org.", "A", "example.org.", ["192.0.2.82"], 31_000),
    ]
