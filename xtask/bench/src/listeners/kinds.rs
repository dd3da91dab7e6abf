//! The listeners that are looked at: of which kind each is, where it runs, and by which id it tells of what.

use super::destinations::Addresses;
use super::{Happening, What};

/// A listener that is looked at. It has the name of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Webhook,
    LogFile,
    Mail,
    Gitea,
    CloudEvents,
    Program,
    Matrix,
    /// A webhook whose events come over JSON.
    WebhookOverJson,
    HttpPush,
    InfluxDb,
}

/// The processes that listeners run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runner {
    /// The master, with its own.
    Master,
    /// A process beside it, over gRPC.
    Grpc,
    /// A process beside it, over JSON.
    Json,
}

impl Runner {
    pub(super) const ALL: [Self; 3] = [Self::Master, Self::Grpc, Self::Json];

    /// What it is called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Master => "the master",
            Self::Grpc => "the listeners over gRPC",
            Self::Json => "the listeners over JSON",
        }
    }

    /// Where its listeners run, in a word.
    pub(super) const fn way(self) -> &'static str {
        match self {
            Self::Master => "master",
            Self::Grpc => "gRPC",
            Self::Json => "JSON",
        }
    }

    /// Its listeners.
    pub(super) fn listeners(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |it| it.runner() == self)
    }
}

impl Kind {
    pub(super) const ALL: [Self; 10] = [
        Self::Webhook,
        Self::LogFile,
        Self::Mail,
        Self::Gitea,
        Self::CloudEvents,
        Self::Program,
        Self::Matrix,
        Self::WebhookOverJson,
        Self::HttpPush,
        Self::InfluxDb,
    ];

    /// Its name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::LogFile => "log_file",
            Self::Mail => "mail",
            Self::Gitea => "gitea_status",
            Self::CloudEvents => "cloudevents",
            Self::Program => "program",
            Self::Matrix => "matrix",
            Self::WebhookOverJson => "webhook-over-json",
            Self::HttpPush => "http_push",
            Self::InfluxDb => "influxdb",
        }
    }

    /// The one of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    /// Where it runs.
    pub(super) const fn runner(self) -> Runner {
        match self {
            Self::Webhook | Self::LogFile | Self::Mail | Self::Gitea => Runner::Master,
            Self::CloudEvents | Self::Program | Self::Matrix => Runner::Grpc,
            Self::WebhookOverJson | Self::HttpPush | Self::InfluxDb => Runner::Json,
        }
    }

    /// Its line of a configuration.
    pub(super) fn configuration(self, at: &Addresses) -> String {
        let (name, web, mail) = (self.name(), &at.web, &at.mail);
        let both = "events = [\"builds/*/new\", \"builds/*/finished\"]";
        let reports = "reports = [build_report(start = True)]";
        let call = match self {
            Self::Webhook | Self::WebhookOverJson => format!("webhook(\"{name}\", \"{web}/{name}\", {both})"),
            Self::CloudEvents => format!("webhook(\"{name}\", \"{web}/{name}\", cloudevents = True, {both})"),
            Self::LogFile => {
                // Full after some hundred lines, so that it makes room while it is killed too.
                format!("log_file(\"{name}\", \"events.jsonl\", max_bytes = \"256KiB\", keep = 1000, {both})")
            }
            Self::Program => {
                format!("program(\"{name}\", [\"sh\", \"program.sh\"], events = [\"builds/*/finished\"])")
            }
            Self::Mail => format!(
                "mail(\"{name}\", \"weir@example.org\", relay = \"{mail}\", tls = \"none\", to = [\"team@example.org\"], \
                 reports = [build_report()])"
            ),
            Self::Gitea => format!(
                "gitea_status(\"{name}\", token = \"bench-bench\", url = \"{web}/{name}\", repository = \"weir/bench\", context = \"{{builder}} {{number}}\", {reports})"
            ),
            Self::Matrix => format!(
                "matrix(\"{name}\", \"{web}/{name}\", token = \"bench-bench\", rooms = [\"!room:example.org\"], {reports})"
            ),
            Self::HttpPush => format!("http_push(\"{name}\", \"{web}/{name}\", {reports})"),
            Self::InfluxDb => {
                format!("influxdb(\"{name}\", \"{web}/{name}\", bucket = \"ci\", org = \"weir\")")
            }
        };
        call + "\n"
    }

    /// By which id it tells of what happened; none if it does not.
    pub(super) fn id(self, cursor: i64, happening: &Happening) -> Option<String> {
        let delivery = || Some(format!("{}-{cursor}", self.name()));
        let Happening { at, what, .. } = happening;
        match (self, what) {
            (Self::InfluxDb, What::Begin) => None,
            (Self::InfluxDb, What::End | What::Claim) => {
                // Milliseconds, and the cursor in the place of nanoseconds.
                let nanos = at.div_euclid(1000) * 1_000_000 + cursor.rem_euclid(1_000_000);
                let measurement = match what {
                    What::End => "weir_build",
                    _ => "weir_request",
                };
                Some(format!("{measurement} {nanos}"))
            }
            (_, What::Claim) | (Self::Mail | Self::Program, What::Begin) => None,
            (Self::Gitea, What::Begin) => Some(format!("{} pending", happening.page)),
            (Self::Gitea, What::End) => Some(format!("{} success", happening.page)),
            (_, What::Begin | What::End) => delivery(),
        }
    }
}
