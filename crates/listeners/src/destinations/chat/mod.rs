//! Chats and what rings on phones.
