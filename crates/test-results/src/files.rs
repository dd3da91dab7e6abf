//! Many files as one output: what a worker's shell writes, and how it is read.

/// A script for a shell that writes the files that match its arguments, which are a shell's patterns: before each a line
/// `file BYTES PATH`, and a line's end after it. Of one with more than `MOST` bytes (in the environment) there is the
/// line `large BYTES PATH` only.
pub const SCRIPT: &str = r#"IFS=
for pattern; do
  for file in $pattern; do
    [ -f "$file" ] || continue
    size=$(wc -c <"$file") || continue
    size=$((size))
    if [ "$size" -gt "$MOST" ]; then
      printf 'large %d %s\n' "$size" "$file"
      continue
    fi
    printf 'file %d %s\n' "$size" "$file"
    [ "$size" -eq 0 ] || head -c "$size" <"$file"
    printf '\n'
  done
done
"#;

/// How long a line before a file may be, in bytes.
const LONGEST_LINE: usize = 8 * 1024;

/// A piece of what was sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'b> {
    /// A file begins: its path.
    Begin(&'b str),
    /// Bytes of the file.
    Bytes(&'b [u8]),
    /// The file is whole.
    End,
    /// A file is left out, since it is too large: its path, and how many bytes it has.
    Large(&'b str, u64),
    /// This is not what the script writes; there is nothing after it. Why.
    Broken(&'static str),
}

/// Reads what the script writes, in any pieces.
#[derive(Debug, Default)]
pub struct FileReader {
    state: State,
}

#[derive(Debug)]
enum State {
    /// A line that says what comes.
    Line(Vec<u8>),
    /// So many bytes of the file are still to come.
    File(u64),
    /// The end of the line after a file.
    After,
    Broken,
}

impl Default for State {
    fn default() -> Self {
        Self::Line(vec![])
    }
}

impl FileReader {
    /// Takes bytes.
    pub fn push(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(Piece<'_>)) {
        while !bytes.is_empty() {
            bytes = self.step(bytes, each);
        }
    }

    /// Nothing more comes.
    pub fn finish(&mut self, each: &mut dyn FnMut(Piece<'_>)) {
        let is_between = matches!(&self.state, State::Line(line) if line.is_empty());
        if !is_between {
            self.fail("it ends within a file", each);
        }
    }

    fn step<'b>(&mut self, bytes: &'b [u8], each: &mut dyn FnMut(Piece<'_>)) -> &'b [u8] {
        match &mut self.state {
            State::Broken => &[],
            State::After => {
                match bytes.strip_prefix(b"\n") {
                    Some(rest) => {
                        self.state = State::default();
                        return rest;
                    }
                    None => self.fail("a file has more bytes than was said", each),
                }
                &[]
            }
            State::File(left) => {
                let now = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                let (now, rest) = bytes.split_at(now);
                *left -= now.len() as u64;
                let is_whole = *left == 0;
                each(Piece::Bytes(now));
                if is_whole {
                    each(Piece::End);
                    self.state = State::After;
                }
                rest
            }
            State::Line(line) => {
                let end = bytes.iter().position(|it| *it == b'\n');
                let (text, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
                line.extend_from_slice(text);
                if line.len() > LONGEST_LINE {
                    self.fail("a path is too long", each);
                    return &[];
                }
                if end.is_some() {
                    let line = std::mem::take(line);
                    self.begin(&String::from_utf8_lossy(&line), each);
                    return &rest[1..];
                }
                rest
            }
        }
    }

    fn begin(&mut self, line: &str, each: &mut dyn FnMut(Piece<'_>)) {
        let mut words = line.splitn(3, ' ');
        let size = |word: Option<&str>| word.and_then(|it| it.parse::<u64>().ok());
        match (words.next(), size(words.next()), words.next()) {
            (Some("file"), Some(size), Some(path)) => {
                each(Piece::Begin(path));
                self.state = State::File(size);
                if size == 0 {
                    each(Piece::End);
                    self.state = State::After;
                }
            }
            (Some("large"), Some(size), Some(path)) => each(Piece::Large(path, size)),
            _ => self.fail(
                "a file was changed while it was read, or its name has a line break",
                each,
            ),
        }
    }

    fn fail(&mut self, why: &'static str, each: &mut dyn FnMut(Piece<'_>)) {
        if !matches!(self.state, State::Broken) {
            self.state = State::Broken;
            each(Piece::Broken(why));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn read(pieces: &[&[u8]]) -> String {
        let mut told = String::new();
        let mut reader = FileReader::default();
        let mut each = |piece: Piece<'_>| match piece {
            Piece::Bytes(bytes) => told.push_str(&String::from_utf8_lossy(bytes)),
            other => told.push_str(&format!("[{other:?}]")),
        };
        for piece in pieces {
            reader.push(piece, &mut each);
        }
        reader.finish(&mut each);
        told
    }

    #[test]
    fn what_the_script_writes_is_read() {
        let folder = std::env::temp_dir().join(format!("weir-files-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("a b")).unwrap();
        for (name, content) in [
            ("a b/1.xml", "one\n"),
            ("a b/2.xml", ""),
            ("a b/3.xml", "1234567890"),
        ] {
            std::fs::write(folder.join(name), content).unwrap();
        }
        std::fs::create_dir_all(folder.join("a b/folder.xml")).unwrap();
        let output = Command::new("sh")
            .args(["-c", SCRIPT, "sh", "a b/*.xml", "no/*.xml"])
            .env("MOST", "9")
            .current_dir(&folder)
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(output.status.success());
        let expected =
            "[Begin(\"a b/1.xml\")]one\n[End][Begin(\"a b/2.xml\")][End][Large(\"a b/3.xml\", 10)]";
        assert_eq!(read(&[&output.stdout]), expected);
        for at in 0..output.stdout.len() {
            let (first, second) = output.stdout.split_at(at);
            assert_eq!(read(&[first, second]), expected, "{at}");
        }
    }

    #[test]
    fn what_it_does_not_write_is_told_once() {
        for (bytes, expected) in [
            ("file 3 a\nabcd\n", "more bytes"),
            ("file 3 a\nab", "ends within"),
            ("file 3", "ends within"),
            ("file x a\n", "was changed"),
            ("\n\n\n", "was changed"),
        ] {
            let told = read(&[bytes.as_bytes()]);
            assert_eq!(told.matches("Broken").count(), 1, "{told}");
            assert!(told.contains(expected), "{bytes}: {told}");
        }
    }
}
