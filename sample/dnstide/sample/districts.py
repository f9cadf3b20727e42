"""The RRsets of the two school districts and their neighbours under k12.az.us.

The names under each district are those that the article lists from a live sample; `share` is the count of
an RRset as a part of its district's own series. The name servers' addresses take most of what the
delegation does not.
"""

from __future__ import annotations

from dnstide.sample.rrset import Rrset, rrset

LAVEEN = "laveeneld.k12.az.us."
GESD = "gesd.k12.az.us."
PARENT = "k12.az.us."

LAVEEN_HOSTS = (
    ("lesd-sccm", 0.012),
    ("les", 0.006),
    ("rrs", 0.005),
    ("les-lt-1mdxtp2", 0.004),
    ("wpad", 0.004),
    ("pps", 0.003),
    ("ces", 0.002),
    ("dme", 0.002),
)
LAVEEN_SERVICES = (("_ldap._tcp.00-ldo._sites.dc._msdcs", 0.005),)
GESD_HOSTS = (("ge000ccms03.do", 0.010), ("ge000prnts01.do", 0.008), ("gesd.do", 0.004), ("wpad.do", 0.003))
GESD_SERVICES = (
    *(
        ("_ldap._tcp.horizon._sites.dc._msdcs.do", 0.004),
        ("_ldap._tcp.desert-spirit._sites.dc._msdcs.do", 0.003),
    ),
    *(("_ldap._tcp.smith._sites.dc._msdcs.do", 0.003), ("_ldap._tcp.dc._msdcs.do", 0.003)),
)
NEIGHBOURS = (
    *(
        ("wpad.tempe3", 900.0),
        ("td3dns2.tempe3", 320.0),
        ("dns3.tempe3", 320.0),
        ("_ldap._tcp.tempe3", 800.0),
    ),
    *(("_gc._tcp.tempe3", 430.0), ("wpad.mesa", 650.0)),
)


def district_rrsets() -> list[Rrset]:
    """All RRsets under k12.az.us."""
    aws = [
        "ns-933.awsdns-52.net.",
        "ns-1716.awsdns-22.co.uk.",
        "ns-1364.awsdns-42.org.",
        "ns-88.awsdns-11.com.",
    ]
    rows = [
        rrset(PARENT, "NS", PARENT, aws, 21_000),
        rrset(
            PARENT,
            "SOA",
            PARENT,
            [f"{aws[0]} postmaster.email.state.az.us. 2013090501 7200 900 1209600 10800"],
            4100,
        ),
        *_district("laveen", LAVEEN, LAVEEN_HOSTS, LAVEEN_SERVICES),
        *_district("gesd", GESD, GESD_HOSTS, GESD_SERVICES),
    ]
    for i, (label, mean) in enumerate(NEIGHBOURS):
        zone = f"{label.rpartition('.')[2]}.{PARENT}"
        if label.startswith("_"):
            rows.append(rrset(f"{label}.{PARENT}", "SRV", zone, [f"0 100 389 dc1.{zone}"], mean))
        else:
            rows.append(rrset(f"{label}.{PARENT}", "A", zone, [f"198.51.100.{200 + i}"], mean))
    return rows


def _district(
    story: str,
    zone: str,
    hosts: tuple[tuple[str, float], ...],
    services: tuple[tuple[str, float], ...],
) -> list[Rrset]:
    servers = [f"dns1.{zone}", f"dns2.{zone}"]
    soa = f"{servers[0]} postmaster.{zone} 2016081501 3600 600 86400 3600"
    rows = [
        rrset(zone, "NS", PARENT, servers, story=f"{story}-ns"),
        rrset(zone, "SOA", zone, [soa], story=f"{story}-soa"),
        rrset(servers[0], "A", PARENT, ["203.0.113.201"], story=f"{story}-server", share=0.27),
        rrset(servers[1], "A", PARENT, ["203.0.113.202"], story=f"{story}-host", share=0.24),
    ]
    rows += [
        rrset(f"{label}.{zone}", "A", zone, [f"198.51.100.{100 + i}"], story=f"{story}-host", share=share)
        for i, (label, share) in enumerate(hosts)
    ]
    rows += [
        rrset(
            f"{label}.{zone}",
            "SRV",
            zone,
            [f"0 100 389 dc{i + 1}.{zone}"],
            story=f"{story}-host",
            share=share,
        )
        for i, (label, share) in enumerate(services)
    ]
    return rows
