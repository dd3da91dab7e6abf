//! What the options of forges have to be.

use serde_json::json;

use super::{make, refused};
use crate::sample::open;

#[test]
fn wrong_options_are_told() {
    let outlet = open();
    let github = |options| refused(make!(GithubStatus, GithubStatusOptions, &outlet, options));
    assert_eq!(github(json!({"token": "x"})), "nothing");
    assert_eq!(github(json!({})), "token");
    assert_eq!(github(json!({"token": "x", "app_id": "1"})), "token");
    assert_eq!(github(json!({"app_id": "1"})), "private_key");
    assert_eq!(
        github(json!({"app_id": "1", "private_key": "no key"})),
        "private_key"
    );
    assert_eq!(github(json!({"token": "x", "context": "{bilder}"})), "context");
    assert_eq!(github(json!({"token": "x", "url": "ftp://example.org"})), "url");
    assert_eq!(github(json!({"token": "x", "url": "example.org"})), "url");
    assert_eq!(github(json!({"token": "x", "repository": "weir"})), "repository");
    assert_eq!(github(json!({"token": "x", "timeout": 0.0})), "timeout");
    assert_eq!(
        github(json!({"token": "x", "ca": "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"})),
        "ca"
    );
    assert_eq!(
        refused(make!(GitlabStatus, GitlabStatusOptions, &outlet, json!({}))),
        "token"
    );
    assert_eq!(
        refused(make!(
            GiteaStatus,
            GiteaStatusOptions,
            &outlet,
            json!({"token": "x"})
        )),
        "url"
    );
    let bitbucket = json!({"token": "x", "user": "y"});
    assert_eq!(
        refused(make!(BitbucketStatus, BitbucketStatusOptions, &outlet, bitbucket)),
        "token"
    );
    let server = json!({"url": "https://example.org", "user": "ci"});
    assert_eq!(
        refused(make!(
            BitbucketServerStatus,
            BitbucketServerStatusOptions,
            &outlet,
            server
        )),
        "token"
    );
}

#[test]
fn options_that_are_not_there_are_refused() {
    let unknown = json!({"token": "x", "tokn": "y"});
    let refused = serde_json::from_value::<weir_listeners::GithubStatusOptions>(unknown)
        .err()
        .unwrap();
    assert!(refused.to_string().contains("tokn"), "{refused}");
    let all = json!({
        "token": "x", "context": "c", "url": "https://example.org", "repository": "a/b", "hosts": ["h"],
        "timeout": 3, "installation_id": 4, "app_id": "5", "private_key": "6",
    });
    let options: weir_listeners::GithubStatusOptions = serde_json::from_value(all).unwrap();
    assert_eq!(options.forge.repository.as_deref(), Some("a/b"));
    assert_eq!(options.auth.installation_id, Some(4));
}
