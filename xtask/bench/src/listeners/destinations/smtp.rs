//! A relay of mails, which takes those of one listener and knows them by their `Message-ID`.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Book, Kind, Mood};
use crate::Result;

/// Starts the relay: its host and port.
pub(super) async fn start(book: Book) -> Result<String> {
    let failed = |error| format!("there is no relay: {error}");
    let socket = TcpListener::bind("127.0.0.1:0").await.map_err(failed)?;
    let address = socket.local_addr().map_err(failed)?;
    tokio::spawn(async move {
        loop {
            if let Ok((stream, _)) = socket.accept().await {
                let book = book.clone();
                // A listener that is killed leaves its connections broken.
                tokio::spawn(async move { drop(speak(stream, book).await) });
            }
        }
    });
    Ok(address.to_string())
}

/// Speaks SMTP (RFC 5321) until either side has enough.
async fn speak(stream: TcpStream, book: Book) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    book.hang(Kind::Mail).await;
    stream.write_all(b"220 bench.example.org\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let word = line.split_whitespace().next().unwrap_or_default();
        let answer = match word.to_ascii_uppercase().as_str() {
            "MAIL" if book.mood(Kind::Mail) == Mood::Down => "451 come again",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let Some(id) = read_mail(&mut stream).await? else {
                    return Ok(());
                };
                match book.take(Kind::Mail, id) {
                    Mood::Well => "250 taken",
                    Mood::Down => "451 come again",
                    Mood::Hangs => {
                        book.hang(Kind::Mail).await;
                        "451 come again"
                    }
                    Mood::Mute => return Ok(()),
                }
            }
            "QUIT" => {
                stream.write_all(b"221 bye\r\n").await?;
                return Ok(());
            }
            _ => "250 well",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

/// Reads a mail to its end: the first part of its id, and nothing if it does not come to its end.
async fn read_mail(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut id = String::new();
    let mut line = vec![];
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        if line == b".\r\n" {
            return Ok(Some(id));
        }
        let text = String::from_utf8_lossy(&line);
        if let Some(value) = text.strip_prefix("Message-ID: <") {
            id = value.split('@').next().unwrap_or_default().to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the relay answers to the lines of a session, and which mails it has then.
    async fn session(mood: Mood) -> (String, Vec<String>) {
        let book = Book::default();
        book.open().entry(Kind::Mail).or_default().mood = Some(mood);
        let mut stream = TcpStream::connect(start(book.clone()).await.unwrap())
            .await
            .unwrap();
        let lines = "EHLO a\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nMessage-ID: <mail-7@example.org>\r\n\r\ntext\r\n.\r\nQUIT\r\n";
        stream.write_all(lines.as_bytes()).await.unwrap();
        let mut answers = String::new();
        tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answers)
            .await
            .unwrap();
        let ids = book.open()[&Kind::Mail]
            .came
            .iter()
            .map(|it| it.id.clone())
            .collect();
        (answers, ids)
    }

    #[tokio::test]
    async fn a_mail_is_known_by_its_id_and_refused_or_left_without_an_answer_on_demand() {
        let (answers, ids) = session(Mood::Well).await;
        assert!(answers.ends_with("250 taken\r\n221 bye\r\n"), "{answers}");
        assert_eq!(ids, ["mail-7"]);
        let (answers, ids) = session(Mood::Mute).await;
        assert!(answers.ends_with("354 go on\r\n"), "{answers}");
        assert_eq!(ids, ["mail-7"]);
        let (answers, ids) = session(Mood::Down).await;
        assert!(answers.contains("451 come again"), "{answers}");
        assert!(ids.is_empty());
    }
}
