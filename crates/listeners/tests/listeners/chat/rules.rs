//! What services take, as they publish it: members, and how long they may be.

use serde_json::Value;

/// How a service counts.
#[derive(Clone, Copy)]
pub(crate) enum Count {
    Bytes,
    Characters,
    Utf16,
}

/// The rules of a service for the JSON that it is sent.
pub(crate) struct Rules {
    /// Where they are published.
    pub(crate) source: &'static str,
    /// Members that must be there.
    pub(crate) required: &'static [&'static str],
    /// Further members that may be.
    pub(crate) optional: &'static [&'static str],
    /// Texts by JSON pointer, and how long they may be. Each is there in a full message.
    pub(crate) texts: &'static [(&'static str, usize)],
    pub(crate) count: Count,
    /// The whole, in bytes.
    pub(crate) whole: usize,
}

pub(crate) const DISCORD: Rules = Rules {
    source: "https://discord.com/developers/docs/resources/webhook#execute-webhook \
             https://discord.com/developers/docs/resources/message#embed-object-embed-limits",
    required: &["embeds", "allowed_mentions"],
    optional: &["content", "username", "avatar_url", "flags"],
    texts: &[
        ("/embeds/0/title", 256),
        ("/embeds/0/description", 4096),
        ("/embeds/0/url", 2048),
    ],
    count: Count::Utf16,
    whole: 1 << 20,
};

pub(crate) const TEAMS: Rules = Rules {
    source: "https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook \
             https://adaptivecards.io/explorer/ (version 1.4)",
    required: &["type", "attachments"],
    optional: &[],
    texts: &[("/attachments/0/content/body/1/inlines/0/text", 28_000)],
    count: Count::Bytes,
    whole: 28 << 10,
};

pub(crate) const SLACK: Rules = Rules {
    source: "https://docs.slack.dev/reference/methods/chat.postMessage \
             https://docs.slack.dev/reference/block-kit/blocks/section-block",
    required: &["text", "attachments"],
    optional: &["channel", "link_names", "unfurl_links", "unfurl_media"],
    texts: &[("/text", 4000), ("/attachments/0/blocks/0/text/text", 3000)],
    count: Count::Characters,
    whole: 1 << 20,
};

pub(crate) const MATTERMOST: Rules = Rules {
    source: "https://api.mattermost.com/#tag/posts/operation/CreatePost (a message of 16,383 characters)",
    required: &["channel_id", "message"],
    optional: &["props", "pending_post_id", "root_id", "metadata"],
    texts: &[
        ("/props/attachments/0/text", 16_383),
        ("/props/attachments/0/title", 1000),
    ],
    count: Count::Characters,
    whole: 64 << 10,
};

pub(crate) const PUSHOVER: Rules = Rules {
    source: "https://pushover.net/api#messages",
    required: &["token", "user", "message"],
    optional: &[
        "title",
        "device",
        "sound",
        "timestamp",
        "priority",
        "retry",
        "expire",
        "url",
        "url_title",
    ],
    texts: &[
        ("/message", 1024),
        ("/title", 250),
        ("/url", 512),
        ("/url_title", 100),
    ],
    count: Count::Characters,
    whole: 1 << 20,
};

pub(crate) const NTFY: Rules = Rules {
    source: "https://docs.ntfy.sh/publish/#publish-as-json (a message of 4,096 bytes; its server reads twice that of JSON)",
    required: &["topic"],
    optional: &[
        "message",
        "title",
        "tags",
        "priority",
        "click",
        "markdown",
        "sequence_id",
    ],
    texts: &[("/message", 4096), ("/title", 250), ("/sequence_id", 64)],
    count: Count::Bytes,
    whole: 8 << 10,
};

pub(crate) const MATRIX: Rules = Rules {
    source: "https://spec.matrix.org/v1.11/client-server-api/#mtext (an event of 65,536 bytes)",
    required: &["msgtype", "body"],
    optional: &["format", "formatted_body", "m.mentions"],
    texts: &[("/body", 32_000), ("/formatted_body", 32_000)],
    count: Count::Bytes,
    whole: 64_000,
};

pub(crate) const TELEGRAM: Rules = Rules {
    source: "https://core.telegram.org/bots/api#sendmessage (1 to 4,096 characters after entities are read)",
    required: &["chat_id", "text"],
    optional: &[
        "parse_mode",
        "disable_notification",
        "link_preview_options",
        "message_thread_id",
    ],
    texts: &[("/text", 4096)],
    count: Count::Utf16,
    whole: 64 << 10,
};

impl Rules {
    /// Sees that the body keeps the rules, and is full of what may be in it.
    pub(crate) fn check(&self, body: &Value) {
        let source = self.source;
        let members = body.as_object().expect("an object");
        for name in self.required {
            assert!(members.contains_key(*name), "{name} is missing: {source}");
        }
        for name in members.keys() {
            let known = self.required.iter().chain(self.optional).any(|it| it == name);
            assert!(known, "{name} is unknown: {source}");
        }
        for (place, most) in self.texts {
            let text = body.pointer(place).and_then(Value::as_str);
            let text = text.unwrap_or_else(|| panic!("no text at {place}: {body}"));
            let length = match self.count {
                Count::Bytes => text.len(),
                Count::Characters => text.chars().count(),
                Count::Utf16 => text.encode_utf16().count(),
            };
            assert!((1..=*most).contains(&length), "{length} at {place}: {source}");
        }
        let whole = body.to_string().len();
        assert!(whole <= self.whole, "{whole} bytes: {source}");
    }
}
