//! A report as a mail.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use lettre::Message;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use weir_status_api::ListenerError;

use super::MailOptions;
use super::people::{Recipients, mailbox_of};
use crate::destinations::placeholders::{Template, Values};
use crate::text::{cut, one_line};
use crate::{About, Occasion, OptionError, Report};

/// The longest subject, in characters: longer ones are shown by no client.
const SUBJECT: usize = 200;

/// The longest value of a header of our own, in characters.
const VALUE: usize = 500;

/// Headers that are the mail's own.
const OWN: [&str; 15] = [
    "from",
    "sender",
    "to",
    "cc",
    "bcc",
    "date",
    "subject",
    "message-id",
    "references",
    "in-reply-to",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "return-path",
];

/// Makes mails of reports.
#[derive(Debug)]
pub(super) struct Composer {
    from: Mailbox,
    reply_to: Option<Mailbox>,
    threads: Threads,
    extra: Vec<(HeaderName, Template)>,
    most_attached: usize,
}

/// Which mails a mail client shows together.
#[derive(Clone, Copy, Debug)]
enum Threads {
    Buildset,
    Builder,
    None,
}

impl Composer {
    /// As the options say.
    pub(super) fn new(options: &MailOptions) -> Result<Self, OptionError> {
        let threads = match options.threads.as_str() {
            "buildset" => Threads::Buildset,
            "builder" => Threads::Builder,
            "none" => Threads::None,
            other => {
                let why = format!("is {other:?}; it can be \"buildset\", \"builder\" or \"none\"");
                return Err(OptionError::new("threads", why));
            }
        };
        let reply_to = options.reply_to.as_deref();
        Ok(Self {
            from: mailbox_of("from_address", &options.from_address)?,
            reply_to: reply_to.map(|it| mailbox_of("reply_to", it)).transpose()?,
            threads,
            extra: extra(&options.extra_headers)?,
            most_attached: options.attachments_limit,
        })
    }

    /// Who it is from.
    pub(super) fn from(&self) -> &Mailbox {
        &self.from
    }

    /// The mail of a report.
    pub(super) fn mail(&self, report: &Report, recipients: &Recipients) -> Result<Message, ListenerError> {
        let at = u64::try_from(report.at.as_micros()).unwrap_or_default();
        let mut builder = Message::builder()
            .date(SystemTime::UNIX_EPOCH + Duration::from_micros(at))
            .from(self.from.clone())
            .subject(cut(&one_line(&report.message.subject), SUBJECT))
            .message_id(Some(self.id(&report.delivery)));
        builder = recipients.to.iter().cloned().fold(builder, |it, to| it.to(to));
        builder = recipients.cc.iter().cloned().fold(builder, |it, cc| it.cc(cc));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        if let Some(thread) = self.thread(&report.about) {
            builder = builder.references(thread.clone()).in_reply_to(thread);
        }
        let list = format!("<{}.weir.{}>", list(&report.about), self.from.email.domain());
        builder = builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("List-Id"), list));
        let own = headers(report)
            .into_iter()
            .map(|(name, value)| (HeaderName::new_from_ascii_str(name), value));
        let values = Values::of(&report.about);
        let extra = self
            .extra
            .iter()
            .map(|(name, value)| (name.clone(), value.fill(&values)));
        for (name, value) in own.chain(extra) {
            builder = builder.raw_header(HeaderValue::new(name, cut(&one_line(&value), VALUE)));
        }
        let (body, attached) = self.body(report);
        let mail = match attached.is_empty() {
            true => builder.multipart(body),
            false => {
                let whole = MultiPart::mixed().multipart(body);
                builder.multipart(attached.into_iter().fold(whole, MultiPart::singlepart))
            }
        };
        mail.map_err(|error| ListenerError::Never(format!("the report makes no mail: {error}")))
    }

    /// What is read, and what goes with it as far as there is room.
    fn body(&self, report: &Report) -> (MultiPart, Vec<SinglePart>) {
        let message = &report.message;
        let (mut room, mut left_out) = (self.most_attached, vec![]);
        let mut attached = vec![];
        for it in &message.attachments {
            let name = file_name(&it.name);
            if it.content.len() > room {
                left_out.push(format!("{name} ({} bytes)", it.content.len()));
                continue;
            }
            room -= it.content.len();
            let bytes = || ContentType::parse("application/octet-stream");
            if let Ok(kind) = ContentType::parse(&it.media_type).or_else(|_| bytes()) {
                attached.push(Attachment::new(name).body(it.content.clone(), kind));
            }
        }
        let mut text = message.text.clone();
        if !left_out.is_empty() {
            text.push_str(&format!("\n\nToo long to be attached: {}\n", left_out.join(", ")));
        }
        let body = match &message.html {
            Some(html) => MultiPart::alternative_plain_html(text, html.clone()),
            None => MultiPart::alternative().singlepart(SinglePart::plain(text)),
        };
        (body, attached)
    }

    /// An id of a mail at the sender's domain.
    fn id(&self, word: &str) -> String {
        format!("<{}@{}>", id_word(word), self.from.email.domain())
    }

    /// The id of the mail that all of the thread answer. There is no such mail: clients put those together that name
    /// the same.
    fn thread(&self, about: &About) -> Option<String> {
        let buildset = |id: i64| self.id(&format!("buildset-{id}"));
        match (self.threads, about) {
            (Threads::None, _) => None,
            (_, About::Worker(worker)) => Some(self.id(&format!("worker-{}", worker.id))),
            (_, About::Buildset(it)) => Some(buildset(it.buildset.id.0)),
            (Threads::Buildset, About::Build(it)) => Some(buildset(it.buildset.id.0)),
            (Threads::Buildset, About::Request(it)) => Some(buildset(it.buildset.id.0)),
            (Threads::Builder, About::Build(it)) => Some(self.builder_thread(it.builder.id.0, about)),
            (Threads::Builder, About::Request(it)) => Some(self.builder_thread(it.builder.id.0, about)),
        }
    }

    fn builder_thread(&self, builder: i64, about: &About) -> String {
        let branch = about.source_stamps().iter().find_map(|it| it.branch.as_deref());
        self.id(&format!("builder-{builder}.{}", branch.unwrap_or_default()))
    }
}

/// `word` in the letters that an id may have (RFC 5322's `atext`, without those of ours), each text another one.
fn id_word(word: &str) -> String {
    let letter = |byte: u8| match byte {
        b'.' | b'-' | b'_' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("={byte:02x}"),
    };
    word.bytes().map(letter).collect()
}

/// Of which list mail clients take it to be (RFC 2919): of one for each builder, and for what is of no single one.
fn list(about: &About) -> String {
    match about {
        About::Build(it) => format!("builder-{}", it.builder.id),
        About::Request(it) => format!("builder-{}", it.builder.id),
        About::Buildset(_) => "buildsets".to_owned(),
        About::Worker(_) => "workers".to_owned(),
    }
}

/// What filters of mail go by.
fn headers(report: &Report) -> Vec<(&'static str, String)> {
    let mut headers = vec![
        // RFC 3834: no machine answers it.
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Auto-Response-Suppress", "All".to_owned()),
        ("Precedence", "bulk".to_owned()),
        ("X-Weir-Delivery", report.delivery.clone()),
        ("X-Weir-Occasion", occasion(report.occasion).to_owned()),
    ];
    let mut add = |name, value: Option<String>| headers.extend(value.map(|it| (name, it)));
    add(
        "X-Weir-Results",
        report.about.results().map(|it| it.name().to_owned()),
    );
    let branch = report
        .about
        .source_stamps()
        .iter()
        .find_map(|it| it.branch.clone());
    add("X-Weir-Branch", branch);
    match &report.about {
        About::Build(it) => {
            add("X-Weir-Builder", Some(it.builder.name.clone()));
            add("X-Weir-Build", Some(it.build.number.to_string()));
            add("X-Weir-Worker", Some(it.worker.clone()));
            add("X-Weir-Project", it.project.clone());
            add("X-Weir-Step", it.step().map(|it| it.step.name.clone()));
        }
        About::Buildset(it) => add("X-Weir-Buildset", Some(it.buildset.id.to_string())),
        About::Request(it) => {
            add("X-Weir-Builder", Some(it.builder.name.clone()));
            add("X-Weir-Project", it.project.clone());
        }
        About::Worker(it) => add("X-Weir-Worker", Some(it.name.clone())),
    }
    headers
}

fn occasion(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::BuildStarted => "build-started",
        Occasion::BuildFinished => "build-finished",
        Occasion::StepStarted => "step-started",
        Occasion::StepFinished => "step-finished",
        Occasion::BuildsetFinished => "buildset-finished",
        Occasion::RequestAdded => "request-added",
        Occasion::RequestCancelled => "request-cancelled",
        Occasion::WorkerMissing => "worker-missing",
    }
}

/// A file's name without folders.
fn file_name(name: &str) -> String {
    let name = one_line(name).replace(['/', '\\', '"'], "_");
    cut(&name, 100)
}

/// The headers of the option, each with a name that is one.
fn extra(headers: &BTreeMap<String, String>) -> Result<Vec<(HeaderName, Template)>, OptionError> {
    let named = |(name, value): (&String, &String)| {
        let wrong = |why: &str| OptionError::new("extra_headers", format!("has {name:?}, {why}"));
        if OWN.contains(&name.to_lowercase().as_str()) {
            return Err(wrong("which is made of the report"));
        }
        let fits = name.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
        let header = HeaderName::new_from_ascii(name.clone()).ok().filter(|_| fits);
        let header = header.ok_or_else(|| wrong("which is no header's name"))?;
        Ok((header, Template::parse("extra_headers", value)?))
    };
    headers.iter().map(named).collect()
}
