use super::*;

const X12: &[u8] =
    b"ISA*00*          *00*          *ZZ*ACME           *ZZ*NORTHWIND      *261123*1402*U*00401*000000412*0\
*P*>~GS*PO*ACME*NW*20261123*1402*412*X*004010~ST*850*0001~BEG*00*SA*1~SE*3*0001~GE*1*412~IEA*1*000000412~";
const EDIFACT: &[u8] = b"UNA:+.? 'UNB+UNOA:2+ACME+NW+261123:1402+REF77'UNH+1+ORDERS:D:96A:UN'UNT+2+1'UNZ+1+REF77'";

#[test]
fn what_is_no_document_is_nothing() {
    for text in [
        "",
        "I",
        "ISA",
        "UNB",
        "UNA:+.? '",
        "<?xml version=\"1.0\"?><Order/>",
        "Dear all,",
        "ISABEL*a*b",
        "UNA::.? 'UNB:UNOA:2:A:B'",
        "UNA+a.? 'UNBaUNOA",
    ] {
        assert_eq!(DocumentFacts::read(text.as_bytes(), true), None, "{text}");
    }
    assert_eq!(DocumentFacts::read(&[0xff; 300], true), None);
}

#[test]
fn nothing_that_is_cut_or_broken_makes_it_panic_or_keep_what_is_not_there() {
    for sample in [X12, EDIFACT] {
        let whole = DocumentFacts::read(sample, true).unwrap();
        for end in 0..sample.len() {
            if let Some(read) = DocumentFacts::read(&sample[..end], false) {
                assert!(whole.interchanges.starts_with(&read.interchanges), "{read:?}");
                assert!(whole.groups.starts_with(&read.groups) && whole.messages.starts_with(&read.messages));
            }
            for other in [0_u8, b'*', b'+', b'?', b'~', b'\'', b'\n', 0x80, 0xff] {
                let mut broken = sample.to_vec();
                broken[end] = other;
                drop(DocumentFacts::read(&broken, true));
                broken.remove(end);
                drop(DocumentFacts::read(&broken, false));
            }
        }
    }
}

#[test]
fn what_is_kept_is_bounded() {
    let mut many = X12[..X12.len() - 30].to_vec();
    for _ in 0..5000 {
        many.extend_from_slice(b"ST*850*0001~SE*1*0001~");
    }
    let read = DocumentFacts::read(&many, true).unwrap();
    assert_eq!(read.messages.len(), MOST);
    let long = format!("UNB+UNOA:2+A+B+1:1+{}'UNH+1+ORDERS'", "9".repeat(LONGEST + 1));
    let read = DocumentFacts::read(long.as_bytes(), true).unwrap();
    assert_eq!((read.interchanges.len(), read.kind()), (0, Some("ORDERS")));
}

#[test]
fn its_numbers_are_those_of_interchange_group_and_message() {
    let read = DocumentFacts::read(X12, true).unwrap();
    assert_eq!(read.numbers().collect::<Vec<_>>(), ["000000412", "412", "0001"]);
    assert_eq!((read.standard, read.kind()), (Standard::X12, Some("850")));
    assert_eq!(read.group_kinds, ["PO"]);
    let text = serde_json::to_string(&read).unwrap();
    assert!(text.contains(r#""messages":[{"type":"850","number":"0001"}]"#), "{text}");
    assert_eq!(serde_json::from_str::<DocumentFacts>(&text).unwrap(), read);
}

/// An interchange with these delimiters.
fn written(element: char, component: char, segment: &str) -> Vec<u8> {
    let text = "ISA*00*          *00*          *ZZ*ACME           *ZZ*NORTHWIND      *261123*1402*U*00401*000000412*0*P*>~\
GS*SH*ACME*NW*20261123*1402*17*X*004010~ST*856*0001~BSN*00*7~SE*3*0001~ST*856*0002~SE*1*0002~GE*2*17~IEA*1*000000412~";
    let text = text.replace('~', segment).replace('*', &element.to_string()).replace('>', &component.to_string());
    text.into_bytes()
}

#[test]
fn its_delimiters_are_its_own() {
    for (element, component, segment) in [
        ('*', '>', "~"),
        ('|', ':', "\n"),
        ('+', '^', "~\r\n"),
        ('\u{1d}', '\u{1f}', "\u{1c}"),
        ('*', ':', "\r\n"),
        ('~', '>', "'"),
    ] {
        let read = DocumentFacts::read(&written(element, component, segment), true).unwrap();
        assert_eq!((read.interchanges, read.groups), (vec!["000000412".to_owned()], vec!["17".to_owned()]));
        let messages: Vec<_> = read.messages.iter().map(|each| (each.kind.as_str(), each.number.as_str())).collect();
        assert_eq!(messages, [("856", "0001"), ("856", "0002")], "{element} {segment:?}");
    }
}

#[test]
fn elements_that_were_not_filled_up_are_read_and_several_interchanges_too() {
    let mut text =
        b"ISA*00**00**ZZ*ACME*ZZ*NW*261123*1402*U*00401*5*0*P*>~GS*IN*A*B*20261123*1402*6*X*004010~ST*810*7~".to_vec();
    text.extend(b"\r\n");
    text.extend(written('|', ':', "\n"));
    let read = DocumentFacts::read(&text, true).unwrap();
    assert_eq!(
        (read.interchanges, read.groups),
        (vec!["5".to_owned(), "000000412".to_owned()], vec!["6".to_owned(), "17".to_owned()])
    );
    assert_eq!(read.messages.len(), 3);
}

#[test]
fn a_last_segment_counts_without_its_end_only_where_nothing_follows() {
    let whole = written('*', '>', "~");
    let cut = whole.iter().position(|byte| *byte == b'~').unwrap()
        + "~GS*SH*ACME*NW*20261123*1402*17*X*004010~ST*856*00".len();
    assert_eq!(DocumentFacts::read(&whole[..cut], false).unwrap().messages.len(), 0);
    assert_eq!(DocumentFacts::read(&whole[..cut], true).unwrap().messages[0].number, "00");
}

fn told(text: &str) -> (Vec<String>, Vec<String>, Vec<(String, String)>) {
    let read = DocumentFacts::read(text.as_bytes(), true).unwrap();
    let messages = read.messages.into_iter().map(|message| (message.kind, message.number)).collect();
    (read.interchanges, read.groups, messages)
}

#[test]
fn its_delimiters_are_announced_or_the_usual_ones() {
    let plain = "UNB+UNOC:3+ACME:14+NW:14+261123:1402+REF77++ORDERS'UNG+ORDERS+A+B+261123:1402+G9+UN+D:96A'\r\n\
                 UNH+ME1+ORDERS:D:96A:UN:EAN008'BGM+220+1'UNT+3+ME1'UNH+ME2+ORDERS:D:96A:UN'UNT+1+ME2'UNE+2+G9'UNZ+1+REF77'";
    let expected = told(plain);
    assert_eq!(expected.0, ["REF77"]);
    assert_eq!(expected.1, ["G9"]);
    let messages = [("ORDERS".to_owned(), "ME1".to_owned()), ("ORDERS".to_owned(), "ME2".to_owned())];
    assert_eq!(expected.2, messages);
    assert_eq!(told(&format!("UNA:+.? '{plain}")), expected);
    let odd = plain.replace(':', "\u{1f}").replace('+', "|").replace('\'', "~");
    assert_eq!(told(&format!("UNA\u{1f}|,\\ ~\r\n{odd}")), expected);
}

#[test]
fn a_released_delimiter_is_part_of_the_value() {
    let (interchanges, _, messages) = told("UNB+UNOA:2+AC?+ME:1+N?'W+1:1+R?+7??'UNH+1?:2+INVOIC?::D'");
    assert_eq!(interchanges, ["R+7?"]);
    assert_eq!(messages, [("INVOIC:".to_owned(), "1:2".to_owned())]);
    // With a space where the release is announced nothing is released.
    assert_eq!(told("UNA:+.  'UNB+UNOA:2+A?+B+1:1+R?'UNH+1+DESADV'").0, ["R?"]);
}

#[test]
fn a_message_without_an_interchange_is_read() {
    assert_eq!(told("UNH+1+ORDERS:D:96A:UN'").2, [("ORDERS".to_owned(), "1".to_owned())]);
}
