use axum::http::StatusCode;
use weir_status_api::conformance::Stage;
use weir_status_api::{LogKind, StepId};

use crate::scene::Scene;

#[tokio::test]
async fn contents_are_lines_of_a_range() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let chunk = |path: &'static str| {
        let gateway = gateway.clone();
        async move { gateway.rows(path).await[0].clone() }
    };
    let whole = chunk("logs/1/contents").await;
    assert_eq!(
        whole,
        serde_json::json!({"logid": 1, "firstline": 0, "content": "hmake\noone\newarning: <b>\n"})
    );
    let one = chunk("builders/1/builds/1/steps/compile/logs/stdio/contents?offset=1&limit=1").await;
    assert_eq!(
        (&one["firstline"], &one["content"]),
        (&1.into(), &"oone\n".into())
    );
    assert_eq!(chunk("logs/1/contents?offset=9").await["content"], "");
    let negative = gateway.get("/api/v2/logs/1/contents?offset=-1").await;
    assert_eq!(negative.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn times_are_told_to_those_who_ask() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let stored = scene
        .stage
        .api()
        .log_content(scene.log.into(), 0, 3)
        .await
        .unwrap();
    let at = stored.value.times[0].at;
    let timed = gateway.rows("logs/1/contents?times=true&offset=1").await[0].clone();
    assert_eq!(timed["times_us"], serde_json::json!([[1, at.as_micros()]]));
    assert_eq!(timed["content"], "oone\newarning: <b>\n");
    let untold = gateway.rows("logs/1/contents?times=false").await[0].clone();
    assert_eq!(untold.get("times_us"), None);
    let at = at.to_iso_millis();
    let raw = gateway.get("/api/v2/logs/1/raw?times=true").await.body;
    assert!(
        raw.ends_with(&format!("{at} make\n{at} one\n{at} warning: <b>\n")),
        "{raw}"
    );
    for path in ["contents?times=1", "raw?times=1", "raw?time=true"] {
        let refused = gateway.get(&format!("/api/v2/logs/1/{path}")).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn a_raw_log_is_text_for_people() {
    let scene = Scene::new().await;
    let gateway = scene.open();
    let raw = gateway.get("/api/v2/logs/1/raw").await;
    let text = "Builder: linux/x86\nBuild number: 1\nWorker name: w\nmake\none\nwarning: <b>\n";
    assert_eq!(raw.body, text);
    assert_eq!(raw.header("content-type"), "text/plain; charset=utf-8");
    let name = "attachment; filename=linux_x86_build_1_step_compile_log_stdio";
    assert_eq!(raw.header("content-disposition"), name);
    let inline = gateway.get("/api/v2/logs/1/raw_inline").await;
    assert_eq!(
        (inline.body.as_str(), inline.header("content-disposition")),
        (text, "")
    );
    assert_eq!(
        gateway.get("/api/v2/logs/9/raw").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn html_of_a_build_runs_no_scripts() {
    let scene = Scene::new().await;
    let log = scene
        .stage
        .writer()
        .add_log(StepId(1), "report.html", LogKind::Html)
        .await;
    scene
        .stage
        .writer()
        .append_log(log, "<script>alert(1)</script>\n")
        .await;
    let raw = scene.open().get(&format!("/api/v2/logs/{log}/raw_inline")).await;
    assert_eq!(raw.body, "<script>alert(1)</script>\n");
    assert_eq!(raw.header("content-type"), "text/html; charset=utf-8");
    let timed = scene
        .open()
        .get(&format!("/api/v2/logs/{log}/raw?times=true"))
        .await;
    assert_eq!(timed.status, StatusCode::BAD_REQUEST);
    assert!(
        raw.header("content-security-policy")
            .starts_with("sandbox; default-src 'none'")
    );
}

#[tokio::test]
async fn a_large_log_comes_whole() {
    let scene = Scene::new().await;
    let log = scene
        .stage
        .writer()
        .add_log(StepId(1), "big", LogKind::Text)
        .await;
    let mut whole = String::new();
    for batch in 0..30 {
        let lines: String = (0..1000)
            .map(|line| format!("{batch} {line} {}\n", "x".repeat(80)))
            .collect();
        scene.stage.writer().append_log(log, &lines).await;
        whole.push_str(&lines);
    }
    let raw = scene.open().get(&format!("/api/v2/logs/{log}/raw")).await;
    assert!(raw.body == whole, "{} bytes of {}", raw.body.len(), whole.len());
}
