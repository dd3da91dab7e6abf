//! What went wrong between a client and a server, in words.

use std::error::Error;
use std::io;

use rustls::CertificateError::{
    BadSignature, Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet,
    NotValidYetContext, UnknownIssuer,
};

/// Why a client's TLS failed, if that is among the causes of `error`: a sentence without its end, with the way out.
pub fn explain(error: &(dyn Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = of_tls(error) {
            return Some(sentence(found));
        }
        cause = error.source();
    }
    None
}

/// The error as one of TLS; those are within errors of input and output, which do not name them as their source.
fn of_tls<'a>(mut error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    while let Some(inner) = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        error = inner;
    }
    error.downcast_ref()
}

fn sentence(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(why) = error else {
        return match error {
            rustls::Error::InvalidMessage(_) => {
                "what answers there speaks no TLS; an address without TLS begins with `grpc://` or `http://`"
                    .to_owned()
            }
            other => format!("TLS with the server fails: {other}"),
        };
    };
    match why {
        // An authority that was made anew has the name of the old one, and another key.
        UnknownIssuer | BadSignature => {
            "the server's certificate is by no authority that is trusted here; if it is by one of your own, give that \
             one's certificate as the CA (`--ca FILE`, `ca_file` of a listener)"
                .to_owned()
        }
        NotValidForName | NotValidForNameContext { .. } => {
            format!("the server's certificate is for other names than the address has ({why})")
        }
        Expired | ExpiredContext { .. } => {
            format!("the server's certificate has expired, or the clock here is wrong ({why})")
        }
        NotValidYet | NotValidYetContext { .. } => {
            format!("the server's certificate is not valid yet, or the clock here is wrong ({why})")
        }
        // Nothing tells it apart but its name.
        why if format!("{why:?}").contains("CaUsedAsEndEntity") => {
            "the server's certificate is made for an authority, not for a server; make it with \
             `basicConstraints=critical,CA:FALSE`"
                .to_owned()
        }
        why => format!("the server's certificate is refused: {why}"),
    }
}
