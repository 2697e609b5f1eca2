//! Scripts of faults as texts.

use std::time::Duration;

use tc3_core::emulator::{Fault, Scripted, When};

#[test]
fn every_text_form_is_read_and_written() {
    let status = |status, retry_after| Fault::Status {
        status,
        retry_after,
    };
    let throttle = |retry_after| Fault::Throttle { retry_after };
    for (text, when, fault) in [
        ("throttle@5", When::At(5), throttle(None)),
        ("throttle=2@5..", When::From(5), throttle(Some(2))),
        (
            "refuse=InternalError@3",
            When::At(3),
            Fault::Refuse("InternalError".into()),
        ),
        (
            "refuse=A.B=C@D@3",
            When::At(3),
            Fault::Refuse("A.B=C@D".into()),
        ),
        ("status=502@/7", When::Every(7), status(502, None)),
        ("status=503:1@2", When::At(2), status(503, Some(1))),
        ("cut@4", When::At(4), Fault::Cut),
        ("not-reached@1..3", When::Within(1, 3), Fault::NotReached),
        ("lost@9..9", When::Within(9, 9), Fault::Lost),
        (
            "slow=200@1..",
            When::From(1),
            Fault::Slow(Duration::from_millis(200)),
        ),
        ("ignore-offset@3..", When::From(3), Fault::IgnoreOffset),
        ("total=+5@2", When::At(2), Fault::Total(5)),
        ("total=-3@2", When::At(2), Fault::Total(-3)),
        ("sums=+1@2", When::At(2), Fault::Sums(1)),
        ("sums=-250@2", When::At(2), Fault::Sums(-250)),
        ("head=1@3", When::At(3), Fault::AddHead(1)),
        (
            "tail=18446744073709551615@3",
            When::At(3),
            Fault::AddTail(u64::MAX),
        ),
        ("not-ready@1..3", When::Within(1, 3), Fault::NotReady),
        ("clock=-3600@1", When::At(1), Fault::Clock(-3600)),
        ("cut@10%", When::Share(1_000), Fault::Cut),
        ("cut@1.25%", When::Share(125), Fault::Cut),
        ("cut@0.5%", When::Share(50), Fault::Cut),
        ("cut@0.01%", When::Share(1), Fault::Cut),
        ("cut@100%", When::Share(10_000), Fault::Cut),
    ] {
        let scripted = Scripted::new(when, fault);
        assert_eq!(text.parse().as_ref(), Ok(&scripted));
        assert_eq!(scripted.to_string(), text);
    }
    assert_eq!("total=5".parse(), Ok(Fault::Total(5)));
    assert_eq!("clock=+60".parse(), Ok(Fault::Clock(60)));
}

#[test]
fn a_wrong_text_names_the_rule_that_it_breaks() {
    for (rule, texts) in [
        ("must be written FAULT@WHEN", &["", "throttle", "5"][..]),
        (
            "must hit N",
            &[
                "cut@",
                "cut@0",
                "cut@0..",
                "cut@..3",
                "cut@3..2",
                "cut@1..0",
                "cut@/0",
                "cut@/",
                "cut@+1",
                "cut@-1",
                "cut@1...3",
                "cut@1.5",
                "cut@%",
                "cut@0%",
                "cut@0.00%",
                "cut@.5%",
                "cut@5.%",
                "cut@1.125%",
                "cut@-1%",
                "cut@+1%",
                "cut@100.01%",
                "cut@99999%",
                "cut@x",
                "cut@1 ",
                "cut@/2..",
                "cut@18446744073709551616",
            ],
        ),
        (
            "must be one of throttle",
            &[
                "@1",
                "Throttle@1",
                "drop@1",
                " cut@1",
                "=1@1",
                "timeout=5@1",
            ],
        ),
        (
            "must be throttle or",
            &[
                "throttle=@1",
                "throttle=x@1",
                "throttle=-1@1",
                "throttle=4294967296@1",
            ],
        ),
        ("must be refuse=", &["refuse@1", "refuse=@1"]),
        (
            "must be status=",
            &[
                "status@1",
                "status=@1",
                "status=99@1",
                "status=101@1",
                "status=600@1",
                "status=502:@1",
                "status=502:x@1",
                "status=+502@1",
                "status=502:1:1@1",
            ],
        ),
        ("must be cut alone", &["cut=1@1"]),
        ("must be not-reached alone", &["not-reached=1@1"]),
        ("must be lost alone", &["lost=1@1"]),
        ("must be ignore-offset alone", &["ignore-offset=1@1"]),
        (
            "must be slow=",
            &["slow@1", "slow=@1", "slow=1s@1", "slow=+1@1"],
        ),
        (
            "must be total=",
            &["total@1", "total=@1", "total=x@1", "total=--1@1"],
        ),
        ("must be sums=", &["sums@1", "sums=0.5@1"]),
        ("must be head=", &["head@1", "head=-1@1", "head=+1@1"]),
        ("must be tail=", &["tail@1", "tail=-1@1", "tail=@1"]),
        (
            "must be clock=",
            &["clock@1", "clock=1h@1", "clock=9223372036854775808@1"],
        ),
    ] {
        for text in texts {
            let invalid = text.parse::<Scripted>().unwrap_err();
            assert_eq!(invalid.field(), "fault", "{text}");
            assert!(invalid.rule().starts_with(rule), "{text}: {invalid}");
        }
    }
}
