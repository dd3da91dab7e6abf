PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE buildsets (
	id INTEGER NOT NULL, 
	external_idstring VARCHAR(256), 
	reason VARCHAR(256), 
	submitted_at INTEGER NOT NULL, 
	complete SMALLINT DEFAULT '0' NOT NULL, 
	complete_at INTEGER, 
	results SMALLINT, 
	parent_buildid INTEGER, 
	parent_relationship TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT parent_buildid FOREIGN KEY(parent_buildid) REFERENCES builds (id) ON DELETE SET NULL
);
INSERT INTO buildsets VALUES(1,NULL,'scheduler',1700000060,1,1700000110,1,NULL,NULL);
INSERT INTO buildsets VALUES(2,NULL,'scheduler',1700000120,1,1700000170,2,NULL,NULL);
INSERT INTO buildsets VALUES(3,NULL,'scheduler',1700000180,1,1700000230,0,NULL,NULL);
INSERT INTO buildsets VALUES(4,NULL,'scheduler',1700000240,1,1700000290,1,NULL,NULL);
INSERT INTO buildsets VALUES(5,NULL,'scheduler',1700000300,1,1700000350,2,NULL,NULL);
INSERT INTO buildsets VALUES(6,NULL,'scheduler',1700000360,1,1700000410,0,NULL,NULL);
INSERT INTO buildsets VALUES(7,'x','waits',1700000000,0,NULL,-1,NULL,NULL);
INSERT INTO buildsets VALUES(8,'x','waits',1700000000,0,NULL,-1,7,'Triggered from');
INSERT INTO buildsets VALUES(9,'x','waits',1700000000,0,NULL,-1,NULL,NULL);
INSERT INTO buildsets VALUES(10,'x','waits',1700000000,0,NULL,-1,NULL,NULL);
CREATE TABLE changesources (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	name_hash VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO changesources VALUES(1,'poller','x');
CREATE TABLE workers (
	id INTEGER NOT NULL, 
	name VARCHAR(50) NOT NULL, 
	info TEXT NOT NULL, 
	paused SMALLINT DEFAULT '0' NOT NULL, 
	graceful SMALLINT DEFAULT '0' NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO workers VALUES(1,'anna','{"admin": "Eva", "host": "hut", "version": "3.5", "numcpus": 8, "environ": {"A": "b"}}',0,0);
INSERT INTO workers VALUES(2,'bert','{"admin": "Eva", "host": "hut", "version": "3.5", "numcpus": 8, "environ": {"A": "b"}}',1,0);
CREATE TABLE patches (
	id INTEGER NOT NULL, 
	patchlevel INTEGER NOT NULL, 
	patch_base64 TEXT NOT NULL, 
	patch_author TEXT NOT NULL, 
	patch_comment TEXT NOT NULL, 
	subdir TEXT, 
	PRIMARY KEY (id)
);
INSERT INTO patches VALUES(1,1,'LS0tIGEKKysrIGIK','Ada','try',NULL);
INSERT INTO patches VALUES(2,1,'LS0tIGEKKysrIGIK','Ada','try',NULL);
CREATE TABLE schedulers (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	name_hash VARCHAR(40) NOT NULL, 
	enabled SMALLINT DEFAULT '1', 
	PRIMARY KEY (id)
);
INSERT INTO schedulers VALUES(1,'all','s1',1);
INSERT INTO schedulers VALUES(2,'force','s2',0);
CREATE TABLE builders (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	description TEXT, 
	name_hash VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO builders VALUES(1,'linux','builds linux','b1');
INSERT INTO builders VALUES(2,'windows ä','builds windows ä','b2');
INSERT INTO builders VALUES(3,'docs','builds docs','b3');
CREATE TABLE tags (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	name_hash VARCHAR(40) NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO tags VALUES(1,'fast','t1');
INSERT INTO tags VALUES(2,'nightly','t2');
CREATE TABLE objects (
	id INTEGER NOT NULL, 
	name VARCHAR(128) NOT NULL, 
	class_name VARCHAR(128) NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE users (
	uid INTEGER NOT NULL, 
	identifier VARCHAR(255) NOT NULL, 
	bb_username VARCHAR(128), 
	bb_password VARCHAR(128), 
	PRIMARY KEY (uid)
);
INSERT INTO users VALUES(1,'Ada <ada@example.org>','ada','x');
INSERT INTO users VALUES(2,'Eva',NULL,'x');
CREATE TABLE masters (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	name_hash VARCHAR(40) NOT NULL, 
	active INTEGER NOT NULL, 
	last_active INTEGER NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO masters VALUES(1,'host:/one','m1',1,1700000000);
INSERT INTO masters VALUES(2,'host:/two','m2',0,1700000000);
CREATE TABLE buildrequests (
	id INTEGER NOT NULL, 
	buildsetid INTEGER NOT NULL, 
	builderid INTEGER NOT NULL, 
	priority INTEGER DEFAULT '0' NOT NULL, 
	complete INTEGER DEFAULT '0', 
	results SMALLINT, 
	submitted_at INTEGER NOT NULL, 
	complete_at INTEGER, 
	waited_for SMALLINT DEFAULT '0', 
	PRIMARY KEY (id), 
	FOREIGN KEY(buildsetid) REFERENCES buildsets (id) ON DELETE CASCADE, 
	FOREIGN KEY(builderid) REFERENCES builders (id) ON DELETE CASCADE
);
INSERT INTO buildrequests VALUES(1,1,2,0,1,1,1700000060,1700000110,0);
INSERT INTO buildrequests VALUES(2,2,3,0,1,2,1700000120,1700000170,0);
INSERT INTO buildrequests VALUES(3,3,1,0,1,0,1700000180,1700000230,0);
INSERT INTO buildrequests VALUES(4,4,2,0,1,1,1700000240,1700000290,0);
INSERT INTO buildrequests VALUES(5,5,3,0,1,2,1700000300,1700000350,0);
INSERT INTO buildrequests VALUES(6,6,1,0,1,0,1700000360,1700000410,0);
INSERT INTO buildrequests VALUES(7,7,1,1,0,-1,1700000000,NULL,0);
INSERT INTO buildrequests VALUES(8,8,1,0,0,-1,1700000000,NULL,1);
INSERT INTO buildrequests VALUES(9,9,1,1,0,-1,1700000000,NULL,0);
INSERT INTO buildrequests VALUES(10,10,1,0,0,-1,1700000000,NULL,0);
CREATE TABLE builds (
	id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	builderid INTEGER NOT NULL, 
	buildrequestid INTEGER NOT NULL, 
	workerid INTEGER, 
	masterid INTEGER NOT NULL, 
	started_at INTEGER NOT NULL, 
	complete_at INTEGER, 
	state_string TEXT NOT NULL, 
	results INTEGER, 
	PRIMARY KEY (id), 
	FOREIGN KEY(builderid) REFERENCES builders (id) ON DELETE CASCADE, 
	CONSTRAINT buildrequestid FOREIGN KEY(buildrequestid) REFERENCES buildrequests (id) ON DELETE CASCADE, 
	FOREIGN KEY(workerid) REFERENCES workers (id) ON DELETE SET NULL, 
	FOREIGN KEY(masterid) REFERENCES masters (id) ON DELETE CASCADE
);
INSERT INTO builds VALUES(1,1,2,1,2,1,1700000062,1700000110,'build successful',1);
INSERT INTO builds VALUES(2,1,3,2,1,1,1700000122,1700000170,'build successful',2);
INSERT INTO builds VALUES(3,1,1,3,2,1,1700000182,1700000230,'build successful',0);
INSERT INTO builds VALUES(4,2,2,4,1,1,1700000242,1700000290,'build successful',1);
INSERT INTO builds VALUES(5,2,3,5,2,1,1700000302,1700000350,'build successful',2);
INSERT INTO builds VALUES(6,2,1,6,1,1,1700000362,1700000410,'build successful',0);
INSERT INTO builds VALUES(7,1000007,1,7,NULL,1,1700000000,NULL,'building',NULL);
INSERT INTO builds VALUES(8,1000008,1,8,NULL,1,1700000000,NULL,'building',NULL);
CREATE TABLE buildset_properties (
	buildsetid INTEGER NOT NULL, 
	property_name VARCHAR(256) NOT NULL, 
	property_value TEXT NOT NULL, 
	FOREIGN KEY(buildsetid) REFERENCES buildsets (id) ON DELETE CASCADE
);
INSERT INTO buildset_properties VALUES(1,'scheduler','["all", "Scheduler"]');
INSERT INTO buildset_properties VALUES(2,'scheduler','["all", "Scheduler"]');
INSERT INTO buildset_properties VALUES(3,'scheduler','["all", "Scheduler"]');
INSERT INTO buildset_properties VALUES(4,'scheduler','["all", "Scheduler"]');
INSERT INTO buildset_properties VALUES(5,'scheduler','["all", "Scheduler"]');
INSERT INTO buildset_properties VALUES(6,'scheduler','["all", "Scheduler"]');
CREATE TABLE changesource_masters (
	changesourceid INTEGER NOT NULL, 
	masterid INTEGER NOT NULL, 
	PRIMARY KEY (changesourceid), 
	FOREIGN KEY(changesourceid) REFERENCES changesources (id) ON DELETE CASCADE, 
	FOREIGN KEY(masterid) REFERENCES masters (id) ON DELETE CASCADE
);
CREATE TABLE connected_workers (
	id INTEGER NOT NULL, 
	masterid INTEGER NOT NULL, 
	workerid INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(masterid) REFERENCES masters (id) ON DELETE CASCADE, 
	FOREIGN KEY(workerid) REFERENCES workers (id) ON DELETE CASCADE
);
CREATE TABLE sourcestamps (
	id INTEGER NOT NULL, 
	ss_hash VARCHAR(40) NOT NULL, 
	branch VARCHAR(256), 
	revision VARCHAR(256), 
	patchid INTEGER, 
	repository VARCHAR(512) DEFAULT '' NOT NULL, 
	codebase VARCHAR(256) DEFAULT '' NOT NULL, 
	project VARCHAR(512) DEFAULT '' NOT NULL, 
	created_at INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(patchid) REFERENCES patches (id) ON DELETE CASCADE
);
INSERT INTO sourcestamps VALUES(1,'h1','main','0000000000000000000000000000000000000001',NULL,'https://example.org/weir.git','','',1700000001);
INSERT INTO sourcestamps VALUES(2,'h2','main','0000000000000000000000000000000000000002',NULL,'https://example.org/weir.git','','',1700000002);
INSERT INTO sourcestamps VALUES(3,'h3','main',NULL,1,'','','',1700000000);
INSERT INTO sourcestamps VALUES(4,'h4','main',NULL,2,'','','',1700000000);
CREATE TABLE scheduler_masters (
	schedulerid INTEGER NOT NULL, 
	masterid INTEGER NOT NULL, 
	PRIMARY KEY (schedulerid), 
	FOREIGN KEY(schedulerid) REFERENCES schedulers (id) ON DELETE CASCADE, 
	FOREIGN KEY(masterid) REFERENCES masters (id) ON DELETE CASCADE
);
CREATE TABLE builder_masters (
	id INTEGER NOT NULL, 
	builderid INTEGER NOT NULL, 
	masterid INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(builderid) REFERENCES builders (id) ON DELETE CASCADE, 
	FOREIGN KEY(masterid) REFERENCES masters (id) ON DELETE CASCADE
);
INSERT INTO builder_masters VALUES(1,1,1);
INSERT INTO builder_masters VALUES(2,2,1);
INSERT INTO builder_masters VALUES(3,3,1);
CREATE TABLE builders_tags (
	id INTEGER NOT NULL, 
	builderid INTEGER NOT NULL, 
	tagid INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(builderid) REFERENCES builders (id) ON DELETE CASCADE, 
	FOREIGN KEY(tagid) REFERENCES tags (id) ON DELETE CASCADE
);
INSERT INTO builders_tags VALUES(1,1,1);
INSERT INTO builders_tags VALUES(2,1,2);
CREATE TABLE test_names (
	id INTEGER NOT NULL, 
	builderid INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(builderid) REFERENCES builders (id) ON DELETE CASCADE
);
INSERT INTO test_names VALUES(1,2,'it works');
CREATE TABLE test_code_paths (
	id INTEGER NOT NULL, 
	builderid INTEGER NOT NULL, 
	path TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(builderid) REFERENCES builders (id) ON DELETE CASCADE
);
INSERT INTO test_code_paths VALUES(1,2,'src/lib.rs');
CREATE TABLE object_state (
	objectid INTEGER NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value_json TEXT NOT NULL, 
	FOREIGN KEY(objectid) REFERENCES objects (id) ON DELETE CASCADE
);
CREATE TABLE users_info (
	uid INTEGER NOT NULL, 
	attr_type VARCHAR(128) NOT NULL, 
	attr_data VARCHAR(128) NOT NULL, 
	FOREIGN KEY(uid) REFERENCES users (uid) ON DELETE CASCADE
);
INSERT INTO users_info VALUES(1,'email','1@example.org');
INSERT INTO users_info VALUES(2,'email','2@example.org');
CREATE TABLE buildrequest_claims (
	brid INTEGER NOT NULL, 
	masterid INTEGER NOT NULL, 
	claimed_at INTEGER NOT NULL, 
	FOREIGN KEY(brid) REFERENCES buildrequests (id) ON DELETE CASCADE, 
	FOREIGN KEY(masterid) REFERENCES masters (id) ON DELETE CASCADE
);
INSERT INTO buildrequest_claims VALUES(1,1,1700000061);
INSERT INTO buildrequest_claims VALUES(2,1,1700000121);
INSERT INTO buildrequest_claims VALUES(3,1,1700000181);
INSERT INTO buildrequest_claims VALUES(4,1,1700000241);
INSERT INTO buildrequest_claims VALUES(5,1,1700000301);
INSERT INTO buildrequest_claims VALUES(6,1,1700000361);
INSERT INTO buildrequest_claims VALUES(7,1,1700000000);
INSERT INTO buildrequest_claims VALUES(8,1,1700000000);
CREATE TABLE build_properties (
	buildid INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	value TEXT NOT NULL, 
	source VARCHAR(256) NOT NULL, 
	FOREIGN KEY(buildid) REFERENCES builds (id) ON DELETE CASCADE
);
INSERT INTO build_properties VALUES(1,'branch','"main"','Build');
INSERT INTO build_properties VALUES(1,'buildername','"linux"','Build');
INSERT INTO build_properties VALUES(1,'buildnumber','1','Build');
INSERT INTO build_properties VALUES(1,'got_revision','"0000000000000000000000000000000000000001"','Build');
INSERT INTO build_properties VALUES(1,'workername','"anna"','Build');
INSERT INTO build_properties VALUES(1,'owners','["Ada", "Eva"]','Build');
INSERT INTO build_properties VALUES(2,'branch','"main"','Build');
INSERT INTO build_properties VALUES(2,'buildername','"linux"','Build');
INSERT INTO build_properties VALUES(2,'buildnumber','2','Build');
INSERT INTO build_properties VALUES(2,'got_revision','"0000000000000000000000000000000000000002"','Build');
INSERT INTO build_properties VALUES(2,'workername','"anna"','Build');
INSERT INTO build_properties VALUES(2,'owners','["Ada", "Eva"]','Build');
INSERT INTO build_properties VALUES(3,'branch','"main"','Build');
INSERT INTO build_properties VALUES(3,'buildername','"linux"','Build');
INSERT INTO build_properties VALUES(3,'buildnumber','3','Build');
INSERT INTO build_properties VALUES(3,'got_revision','"0000000000000000000000000000000000000003"','Build');
INSERT INTO build_properties VALUES(3,'workername','"anna"','Build');
INSERT INTO build_properties VALUES(3,'owners','["Ada", "Eva"]','Build');
INSERT INTO build_properties VALUES(4,'branch','"main"','Build');
INSERT INTO build_properties VALUES(4,'buildername','"linux"','Build');
INSERT INTO build_properties VALUES(4,'buildnumber','4','Build');
INSERT INTO build_properties VALUES(4,'got_revision','"0000000000000000000000000000000000000004"','Build');
INSERT INTO build_properties VALUES(4,'workername','"anna"','Build');
INSERT INTO build_properties VALUES(4,'owners','["Ada", "Eva"]','Build');
INSERT INTO build_properties VALUES(5,'branch','"main"','Build');
INSERT INTO build_properties VALUES(5,'buildername','"linux"','Build');
INSERT INTO build_properties VALUES(5,'buildnumber','5','Build');
INSERT INTO build_properties VALUES(5,'got_revision','"0000000000000000000000000000000000000005"','Build');
INSERT INTO build_properties VALUES(5,'workername','"anna"','Build');
INSERT INTO build_properties VALUES(5,'owners','["Ada", "Eva"]','Build');
INSERT INTO build_properties VALUES(6,'branch','"main"','Build');
INSERT INTO build_properties VALUES(6,'buildername','"linux"','Build');
INSERT INTO build_properties VALUES(6,'buildnumber','6','Build');
INSERT INTO build_properties VALUES(6,'got_revision','"0000000000000000000000000000000000000006"','Build');
INSERT INTO build_properties VALUES(6,'workername','"anna"','Build');
INSERT INTO build_properties VALUES(6,'owners','["Ada", "Eva"]','Build');
INSERT INTO build_properties VALUES(1,'ratio','NaN','Build');
INSERT INTO build_properties VALUES(999999,'orphan','1','Build');
CREATE TABLE build_data (
	id INTEGER NOT NULL, 
	buildid INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	value BLOB NOT NULL, 
	length INTEGER NOT NULL, 
	source VARCHAR(256) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(buildid) REFERENCES builds (id) ON DELETE CASCADE
);
INSERT INTO build_data VALUES(1,1,'coverage',X'00ff',2,'step');
CREATE TABLE steps (
	id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	name VARCHAR(50) NOT NULL, 
	buildid INTEGER NOT NULL, 
	started_at INTEGER, 
	complete_at INTEGER, 
	state_string TEXT NOT NULL, 
	results INTEGER, 
	urls_json TEXT NOT NULL, 
	hidden SMALLINT DEFAULT '0' NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(buildid) REFERENCES builds (id) ON DELETE CASCADE
);
INSERT INTO steps VALUES(1,0,'git',1,1700000063,1700000100,'step 0 done',0,'[]',0);
INSERT INTO steps VALUES(2,1,'compile',1,1700000063,1700000100,'step 1 done',0,'[]',0);
INSERT INTO steps VALUES(3,2,'test',1,1700000063,1700000100,'step 2 done',0,'[]',0);
INSERT INTO steps VALUES(4,0,'git',2,1700000123,1700000160,'step 0 done',0,'[]',0);
INSERT INTO steps VALUES(5,1,'compile',2,1700000123,1700000160,'step 1 done',0,'[]',0);
INSERT INTO steps VALUES(6,2,'test',2,1700000123,1700000160,'step 2 done',0,'[]',0);
INSERT INTO steps VALUES(7,0,'git',3,1700000183,1700000220,'step 0 done',0,'[]',0);
INSERT INTO steps VALUES(8,1,'compile',3,1700000183,1700000220,'step 1 done',0,'[]',0);
INSERT INTO steps VALUES(9,2,'test',3,1700000183,1700000220,'step 2 done',0,'[]',0);
INSERT INTO steps VALUES(10,0,'git',4,1700000243,1700000280,'step 0 done',0,'[]',0);
INSERT INTO steps VALUES(11,1,'compile',4,1700000243,1700000280,'step 1 done',0,'[]',0);
INSERT INTO steps VALUES(12,2,'test',4,1700000243,1700000280,'step 2 done',0,'[]',0);
INSERT INTO steps VALUES(13,0,'git',5,1700000303,1700000340,'step 0 done',0,'[]',0);
INSERT INTO steps VALUES(14,1,'compile',5,1700000303,1700000340,'step 1 done',0,'[]',0);
INSERT INTO steps VALUES(15,2,'test',5,1700000303,1700000340,'step 2 done',0,'[]',0);
INSERT INTO steps VALUES(16,0,'git',6,1700000363,1700000400,'step 0 done',0,'[]',0);
INSERT INTO steps VALUES(17,1,'compile',6,1700000363,1700000400,'step 1 done',0,'[]',0);
INSERT INTO steps VALUES(18,2,'test',6,1700000363,1700000400,'step 2 done',0,'[]',0);
INSERT INTO steps VALUES(19,9,'odd',1,1700000000,1700000001,'odd',2,'[{"name": "docs", "url": "https://example.org"}]',1);
INSERT INTO steps VALUES(26,0,'git',7,1700000000,NULL,'updating',NULL,'[]',0);
INSERT INTO steps VALUES(27,0,'git',8,1700000000,NULL,'updating',NULL,'[]',0);
CREATE TABLE configured_workers (
	id INTEGER NOT NULL, 
	buildermasterid INTEGER NOT NULL, 
	workerid INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(buildermasterid) REFERENCES builder_masters (id) ON DELETE CASCADE, 
	FOREIGN KEY(workerid) REFERENCES workers (id) ON DELETE CASCADE
);
CREATE TABLE changes (
	changeid INTEGER NOT NULL, 
	author VARCHAR(255) NOT NULL, 
	committer VARCHAR(255), 
	comments TEXT NOT NULL, 
	branch VARCHAR(255), 
	revision VARCHAR(255), 
	revlink VARCHAR(256), 
	when_timestamp INTEGER NOT NULL, 
	category VARCHAR(255), 
	repository VARCHAR(512) DEFAULT '' NOT NULL, 
	codebase VARCHAR(256) DEFAULT '' NOT NULL, 
	project VARCHAR(512) DEFAULT '' NOT NULL, 
	sourcestampid INTEGER NOT NULL, 
	parent_changeids INTEGER, 
	PRIMARY KEY (changeid), 
	FOREIGN KEY(sourcestampid) REFERENCES sourcestamps (id) ON DELETE CASCADE, 
	FOREIGN KEY(parent_changeids) REFERENCES changes (changeid) ON DELETE SET NULL
);
INSERT INTO changes VALUES(1,'Ada','Eva',replace('change 1\n\nwhy','\n',char(10)),'main','0000000000000000000000000000000000000001',NULL,1700000001,NULL,'https://example.org/weir.git','','',1,NULL);
INSERT INTO changes VALUES(2,'Ada','Eva',replace('change 2\n\nwhy','\n',char(10)),'main','0000000000000000000000000000000000000002',NULL,1700000002,NULL,'https://example.org/weir.git','','',2,1);
CREATE TABLE buildset_sourcestamps (
	id INTEGER NOT NULL, 
	buildsetid INTEGER NOT NULL, 
	sourcestampid INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(buildsetid) REFERENCES buildsets (id) ON DELETE CASCADE, 
	FOREIGN KEY(sourcestampid) REFERENCES sourcestamps (id) ON DELETE CASCADE
);
INSERT INTO buildset_sourcestamps VALUES(1,1,2);
INSERT INTO buildset_sourcestamps VALUES(2,2,1);
INSERT INTO buildset_sourcestamps VALUES(3,3,2);
INSERT INTO buildset_sourcestamps VALUES(4,4,1);
INSERT INTO buildset_sourcestamps VALUES(5,5,2);
INSERT INTO buildset_sourcestamps VALUES(6,6,1);
INSERT INTO buildset_sourcestamps VALUES(7,7,1);
INSERT INTO buildset_sourcestamps VALUES(8,8,1);
INSERT INTO buildset_sourcestamps VALUES(9,9,1);
INSERT INTO buildset_sourcestamps VALUES(10,10,3);
CREATE TABLE logs (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	slug VARCHAR(50) NOT NULL, 
	stepid INTEGER NOT NULL, 
	complete SMALLINT NOT NULL, 
	num_lines INTEGER NOT NULL, 
	type VARCHAR(1) NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(stepid) REFERENCES steps (id) ON DELETE CASCADE
);
INSERT INTO logs VALUES(1,'stdio','stdio',1,1,21,'s');
INSERT INTO logs VALUES(2,'stdio','stdio',2,1,21,'s');
INSERT INTO logs VALUES(3,'stdio','stdio',3,1,21,'s');
INSERT INTO logs VALUES(4,'stdio','stdio',4,1,21,'s');
INSERT INTO logs VALUES(5,'stdio','stdio',5,1,21,'s');
INSERT INTO logs VALUES(6,'stdio','stdio',6,1,21,'s');
INSERT INTO logs VALUES(7,'stdio','stdio',7,1,21,'s');
INSERT INTO logs VALUES(8,'stdio','stdio',8,1,21,'s');
INSERT INTO logs VALUES(9,'stdio','stdio',9,1,21,'s');
INSERT INTO logs VALUES(10,'stdio','stdio',10,1,21,'s');
INSERT INTO logs VALUES(11,'stdio','stdio',11,1,21,'s');
INSERT INTO logs VALUES(12,'stdio','stdio',12,1,21,'s');
INSERT INTO logs VALUES(13,'stdio','stdio',13,1,21,'s');
INSERT INTO logs VALUES(14,'stdio','stdio',14,1,21,'s');
INSERT INTO logs VALUES(15,'stdio','stdio',15,1,21,'s');
INSERT INTO logs VALUES(16,'stdio','stdio',16,1,21,'s');
INSERT INTO logs VALUES(17,'stdio','stdio',17,1,21,'s');
INSERT INTO logs VALUES(18,'stdio','stdio',18,1,21,'s');
INSERT INTO logs VALUES(19,'log 0','log_0',19,1,16,'t');
INSERT INTO logs VALUES(20,'log 1','log_1',19,1,16,'t');
INSERT INTO logs VALUES(21,'log 2','log_2',19,1,16,'t');
INSERT INTO logs VALUES(22,'log 3','log_3',19,1,16,'t');
INSERT INTO logs VALUES(23,'log 4','log_4',19,1,16,'t');
INSERT INTO logs VALUES(24,'log 5','log_5',19,1,16,'t');
INSERT INTO logs VALUES(29,'h','h',19,0,2,'h');
INSERT INTO logs VALUES(30,'d','d',19,0,7,'d');
INSERT INTO logs VALUES(31,'s','s',19,0,99,'s');
CREATE TABLE change_files (
	changeid INTEGER NOT NULL, 
	filename VARCHAR(1024) NOT NULL, 
	FOREIGN KEY(changeid) REFERENCES changes (changeid) ON DELETE CASCADE
);
INSERT INTO change_files VALUES(1,'src/1.rs');
INSERT INTO change_files VALUES(2,'src/2.rs');
CREATE TABLE change_properties (
	changeid INTEGER NOT NULL, 
	property_name VARCHAR(256) NOT NULL, 
	property_value TEXT NOT NULL, 
	FOREIGN KEY(changeid) REFERENCES changes (changeid) ON DELETE CASCADE
);
INSERT INTO change_properties VALUES(1,'size','[1, "Change"]');
INSERT INTO change_properties VALUES(2,'size','[2, "Change"]');
CREATE TABLE change_users (
	changeid INTEGER NOT NULL, 
	uid INTEGER NOT NULL, 
	FOREIGN KEY(changeid) REFERENCES changes (changeid) ON DELETE CASCADE, 
	FOREIGN KEY(uid) REFERENCES users (uid) ON DELETE CASCADE
);
CREATE TABLE scheduler_changes (
	schedulerid INTEGER NOT NULL, 
	changeid INTEGER NOT NULL, 
	important INTEGER, 
	FOREIGN KEY(schedulerid) REFERENCES schedulers (id) ON DELETE CASCADE, 
	FOREIGN KEY(changeid) REFERENCES changes (changeid) ON DELETE CASCADE
);
CREATE TABLE test_result_sets (
	id INTEGER NOT NULL, 
	builderid INTEGER NOT NULL, 
	buildid INTEGER NOT NULL, 
	stepid INTEGER NOT NULL, 
	description TEXT, 
	category TEXT NOT NULL, 
	value_unit TEXT NOT NULL, 
	tests_passed INTEGER, 
	tests_failed INTEGER, 
	complete SMALLINT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(builderid) REFERENCES builders (id) ON DELETE CASCADE, 
	FOREIGN KEY(buildid) REFERENCES builds (id) ON DELETE CASCADE, 
	FOREIGN KEY(stepid) REFERENCES steps (id) ON DELETE CASCADE
);
INSERT INTO test_result_sets VALUES(1,2,1,19,'unit','pass_only','boolean',1,0,1);
CREATE TABLE logchunks (
	logid INTEGER NOT NULL, 
	first_line INTEGER NOT NULL, 
	last_line INTEGER NOT NULL, 
	content BLOB, 
	compressed SMALLINT NOT NULL, 
	FOREIGN KEY(logid) REFERENCES logs (id) ON DELETE CASCADE
);
INSERT INTO logchunks VALUES(1,0,20,X'78da95d1b10d02311044d19c2ab6040638ee28c7823dd992f122bc09dd43400133e9d7cf5ec07a1b6e478bdd8adde3f96adddf96b5a4cdf299bfd85b66f743fc57f0eb895fcffc7ae1d7855faffcbaf2ebc6af378140e112bc20804110834006c10c021a0435086c20dcea23867f0100c627de',1);
INSERT INTO logchunks VALUES(2,0,20,X'78da95d1b10d02311044d19c2ab6040638ee28c7823dd992f122bc09dd43400133e9d7cf5ec07a1b6e478bdd8adde3f96adddf96b5a4cdf299bfd85b66f743fc57f0eb895fcffc7ae1d7855faffcbaf2ebc6af378140e112bc20804110834006c10c021a0435086c20dcea23867f0100c627de',1);
INSERT INTO logchunks VALUES(3,0,20,X'78da95d1b10d02311044d19c2ab6040638ee28c7823dd992f122bc09dd43400133e9d7cf5ec07a1b6e478bdd8adde3f96adddf96b5a4cdf299bfd85b66f743fc57f0eb895fcffc7ae1d7855faffcbaf2ebc6af378140e112bc20804110834006c10c021a0435086c20dcea23867f0100c627de',1);
INSERT INTO logchunks VALUES(4,0,20,X'78da95d1bd0d02311044e19c2ab604c61c7fe558dc9e6cc97811b709dd43400133e9d3cbbe2836fa743b5a6c56ed11cf571ffeb66c356daf9ffd1747cf1c7e88ff0a7e2dfc7ae2d7855fcffc7ae1d72bbfdef8f52e10285c82170430086210c82098414083a006810d845b5b63fa1724f727f2',1);
INSERT INTO logchunks VALUES(5,0,20,X'78da95d1bd0d02311044e19c2ab604c61c7fe558dc9e6cc97811b709dd43400133e9d3cbbe2836fa743b5a6c56ed11cf571ffeb66c356daf9ffd1747cf1c7e88ff0a7e2dfc7ae2d7855fcffc7ae1d72bbfdef8f52e10285c82170430086210c82098414083a006810d845b5b63fa1724f727f2',1);
INSERT INTO logchunks VALUES(6,0,20,X'78da95d1bd0d02311044e19c2ab604c61c7fe558dc9e6cc97811b709dd43400133e9d3cbbe2836fa743b5a6c56ed11cf571ffeb66c356daf9ffd1747cf1c7e88ff0a7e2dfc7ae2d7855fcffc7ae1d72bbfdef8f52e10285c82170430086210c82098414083a006810d845b5b63fa1724f727f2',1);
INSERT INTO logchunks VALUES(7,0,20,X'78da95d1bb0d84301444d17cab7825ecf0a71c0b8cb06478089cd03d041430935eddec786d39edd1fee68b059b7c3b528ea7953514bbc27dbd31a75272fcf9b7825f2b7eadf9b5e1d7965f3b7eedf975e0d7512050b8042f086010c420904130838006410d021b08b775f63d3e49282806',1);
INSERT INTO logchunks VALUES(8,0,20,X'78da95d1bb0d84301444d17cab7825ecf0a71c0b8cb06478089cd03d041430935eddec786d39edd1fee68b059b7c3b528ea7953514bbc27dbd31a75272fcf9b7825f2b7eadf9b5e1d7965f3b7eedf975e0d7512050b8042f086010c420904130838006410d021b08b775f63d3e49282806',1);
INSERT INTO logchunks VALUES(9,0,20,X'78da95d1bb0d84301444d17cab7825ecf0a71c0b8cb06478089cd03d041430935eddec786d39edd1fee68b059b7c3b528ea7953514bbc27dbd31a75272fcf9b7825f2b7eadf9b5e1d7965f3b7eedf975e0d7512050b8042f086010c420904130838006410d021b08b775f63d3e49282806',1);
INSERT INTO logchunks VALUES(10,0,20,X'78da95d1bd0d02311044e19c2ab604068ebf722c6e4fb664bc086f42f7105c0133e9d3cbbe58acb7e176b4d8acd8335eefd6fd63594bda2cdff98fbd65763fc4be825f4ffc7ae6d7855f2ffc7ae5d71bbfdef9f52110285c82170430086210c82098414083a006810d845b5d63f80f6d59281a',1);
INSERT INTO logchunks VALUES(11,0,20,X'78da95d1bd0d02311044e19c2ab604068ebf722c6e4fb664bc086f42f7105c0133e9d3cbbe58acb7e176b4d8acd8335eefd6fd63594bda2cdff98fbd65763fc4be825f4ffc7ae6d7855f2ffc7ae5d71bbfdef9f52110285c82170430086210c82098414083a006810d845b5d63f80f6d59281a',1);
INSERT INTO logchunks VALUES(12,0,20,X'78da95d1bd0d02311044e19c2ab604068ebf722c6e4fb664bc086f42f7105c0133e9d3cbbe58acb7e176b4d8acd8335eefd6fd63594bda2cdff98fbd65763fc4be825f4ffc7ae6d7855f2ffc7ae5d71bbfdef9f52110285c82170430086210c82098414083a006810d845b5d63f80f6d59281a',1);
INSERT INTO logchunks VALUES(13,0,20,X'78da95d1bb0d84301444d19c2a5e090c2cbf722cd6084b8687c009dd43400133e9d5cd8e7796d31ead365f2cd8ecdb91723cadaca1d815eeeb8d39959263e5df0a7e6df8b5e5d71fbf76fcdaf3ebc0af23bf4e0281c225784100832006810c82190434086a10d840b8ad7fdfe303918a282e',1);
INSERT INTO logchunks VALUES(14,0,20,X'78da95d1bb0d84301444d19c2a5e090c2cbf722cd6084b8687c009dd43400133e9d5cd8e7796d31ead365f2cd8ecdb91723cadaca1d815eeeb8d39959263e5df0a7e6df8b5e5d71fbf76fcdaf3ebc0af23bf4e0281c225784100832006810c82190434086a10d840b8ad7fdfe303918a282e',1);
INSERT INTO logchunks VALUES(15,0,20,X'78da95d1bb0d84301444d19c2a5e090c2cbf722cd6084b8687c009dd43400133e9d5cd8e7796d31ead365f2cd8ecdb91723cadaca1d815eeeb8d39959263e5df0a7e6df8b5e5d71fbf76fcdaf3ebc0af23bf4e0281c225784100832006810c82190434086a10d840b8ad7fdfe303918a282e',1);
INSERT INTO logchunks VALUES(16,0,20,X'78da95d1bb0d84301444d19c2a5e090c2cbf722cd6084b8687c009dd43400133e9d5cd8ef796d31ead365f2cd8ecdb91723cadaca1d815eeeb8d39959263e5df0a7e6df8b5e5d71fbf76fcdaf3ebc0af23bf4e0281c225784100832006810c82190434086a10d840b8ad7fdfe303b5bb2842',1);
INSERT INTO logchunks VALUES(17,0,20,X'78da95d1bb0d84301444d19c2a5e090c2cbf722cd6084b8687c009dd43400133e9d5cd8ef796d31ead365f2cd8ecdb91723cadaca1d815eeeb8d39959263e5df0a7e6df8b5e5d71fbf76fcdaf3ebc0af23bf4e0281c225784100832006810c82190434086a10d840b8ad7fdfe303b5bb2842',1);
INSERT INTO logchunks VALUES(18,0,20,X'78da95d1bb0d84301444d19c2a5e090c2cbf722cd6084b8687c009dd43400133e9d5cd8ef796d31ead365f2cd8ecdb91723cadaca1d815eeeb8d39959263e5df0a7e6df8b5e5d71fbf76fcdaf3ebc0af23bf4e0281c225784100832006810c82190434086a10d840b8ad7fdfe303b5bb2842',1);
INSERT INTO logchunks VALUES(19,0,15,X'6f680a6e6f0a6f680a6e6f0a6f680a6e6f0a6f680a6e6f0a6f680a6e6f0a6f680a6e6f0a6f680a6e6f0a6f680a6e6f',0);
INSERT INTO logchunks VALUES(20,0,15,X'789ccbcfe0cacbe7ca27960400551e0e37',1);
INSERT INTO logchunks VALUES(21,0,15,X'425a68393141592653598d8e67a2000013410000100041a00030cd34114f49c0656032d2de2ee48a70a1211b1ccf44',2);
INSERT INTO logchunks VALUES(22,0,15,X'2f0000006f6f680a6e6f0a060011506f680a6e6f',3);
INSERT INTO logchunks VALUES(23,0,15,X'28b52ffd0060650000306f680a6e6f0a0100029522',4);
INSERT INTO logchunks VALUES(24,0,15,X'1b2e00f8a515d0dcde843d7180591a',5);
INSERT INTO logchunks VALUES(29,0,1,X'3c623e0a626f6c643c2f623e',0);
INSERT INTO logchunks VALUES(31,0,1,X'6f6f6e650a656f6e65',0);
INSERT INTO logchunks VALUES(31,2,2,X'68c3a4',0);
CREATE TABLE test_results (
	id INTEGER NOT NULL, 
	builderid INTEGER NOT NULL, 
	test_result_setid INTEGER NOT NULL, 
	test_nameid INTEGER, 
	test_code_pathid INTEGER, 
	line INTEGER, 
	duration_ns INTEGER, 
	value TEXT NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(builderid) REFERENCES builders (id) ON DELETE CASCADE, 
	FOREIGN KEY(test_result_setid) REFERENCES test_result_sets (id) ON DELETE CASCADE, 
	FOREIGN KEY(test_nameid) REFERENCES test_names (id) ON DELETE CASCADE, 
	FOREIGN KEY(test_code_pathid) REFERENCES test_code_paths (id) ON DELETE CASCADE
);
INSERT INTO test_results VALUES(1,2,1,1,1,3,5000,'1');
CREATE TABLE migrate_version (
	repository_id VARCHAR(250) NOT NULL, 
	repository_path TEXT, 
	version INTEGER, 
	PRIMARY KEY (repository_id)
);
INSERT INTO migrate_version VALUES('Buildbot','migrate',58);
CREATE INDEX buildsets_submitted_at ON buildsets (submitted_at);
CREATE INDEX buildsets_complete ON buildsets (complete);
CREATE UNIQUE INDEX changesource_name_hash ON changesources (name_hash);
CREATE UNIQUE INDEX workers_name ON workers (name);
CREATE UNIQUE INDEX scheduler_name_hash ON schedulers (name_hash);
CREATE UNIQUE INDEX builder_name_hash ON builders (name_hash);
CREATE UNIQUE INDEX tag_name_hash ON tags (name_hash);
CREATE UNIQUE INDEX object_identity ON objects (name, class_name);
CREATE UNIQUE INDEX users_bb_user ON users (bb_username);
CREATE UNIQUE INDEX users_identifier ON users (identifier);
CREATE UNIQUE INDEX master_name_hashes ON masters (name_hash);
CREATE INDEX buildrequests_buildsetid ON buildrequests (buildsetid);
CREATE INDEX buildrequests_complete ON buildrequests (complete);
CREATE INDEX buildrequests_builderid ON buildrequests (builderid);
CREATE INDEX builds_workerid ON builds (workerid);
CREATE INDEX builds_masterid ON builds (masterid);
CREATE UNIQUE INDEX builds_number ON builds (builderid, number);
CREATE INDEX builds_buildrequestid ON builds (buildrequestid);
CREATE INDEX buildset_properties_buildsetid ON buildset_properties (buildsetid);
CREATE UNIQUE INDEX connected_workers_identity ON connected_workers (masterid, workerid);
CREATE INDEX connected_workers_workers ON connected_workers (workerid);
CREATE INDEX connected_workers_masterid ON connected_workers (masterid);
CREATE UNIQUE INDEX sourcestamps_ss_hash_key ON sourcestamps (ss_hash);
CREATE UNIQUE INDEX builder_masters_identity ON builder_masters (builderid, masterid);
CREATE INDEX builder_masters_masterid ON builder_masters (masterid);
CREATE INDEX builder_masters_builderid ON builder_masters (builderid);
CREATE UNIQUE INDEX builders_tags_unique ON builders_tags (builderid, tagid);
CREATE INDEX builders_tags_builderid ON builders_tags (builderid);
CREATE INDEX test_names_name ON test_names (builderid, name);
CREATE INDEX test_code_paths_path ON test_code_paths (builderid, path);
CREATE UNIQUE INDEX name_per_object ON object_state (objectid, name);
CREATE UNIQUE INDEX users_info_attrs ON users_info (attr_type, attr_data);
CREATE UNIQUE INDEX users_info_uid_attr_type ON users_info (uid, attr_type);
CREATE INDEX users_info_uid ON users_info (uid);
CREATE UNIQUE INDEX buildrequest_claims_brids ON buildrequest_claims (brid);
CREATE INDEX ix_buildrequest_claims_masterid ON buildrequest_claims (masterid);
CREATE INDEX build_properties_buildid ON build_properties (buildid);
CREATE UNIQUE INDEX build_data_buildid_name ON build_data (buildid, name);
CREATE INDEX steps_started_at ON steps (started_at);
CREATE UNIQUE INDEX steps_name ON steps (buildid, name);
CREATE UNIQUE INDEX steps_number ON steps (buildid, number);
CREATE INDEX configured_workers_buildmasterid ON configured_workers (buildermasterid);
CREATE INDEX configured_workers_workers ON configured_workers (workerid);
CREATE UNIQUE INDEX configured_workers_identity ON configured_workers (buildermasterid, workerid);
CREATE INDEX changes_category ON changes (category);
CREATE INDEX changes_when_timestamp ON changes (when_timestamp);
CREATE INDEX changes_branch ON changes (branch);
CREATE INDEX changes_revision ON changes (revision);
CREATE INDEX changes_author ON changes (author);
CREATE INDEX changes_sourcestampid ON changes (sourcestampid);
CREATE INDEX buildset_sourcestamps_buildsetid ON buildset_sourcestamps (buildsetid);
CREATE UNIQUE INDEX buildset_sourcestamps_unique ON buildset_sourcestamps (buildsetid, sourcestampid);
CREATE UNIQUE INDEX logs_slug ON logs (stepid, slug);
CREATE INDEX change_files_changeid ON change_files (changeid);
CREATE INDEX change_properties_changeid ON change_properties (changeid);
CREATE INDEX change_users_changeid ON change_users (changeid);
CREATE UNIQUE INDEX scheduler_changes_unique ON scheduler_changes (schedulerid, changeid);
CREATE INDEX scheduler_changes_changeid ON scheduler_changes (changeid);
CREATE INDEX scheduler_changes_schedulerid ON scheduler_changes (schedulerid);
CREATE INDEX logchunks_firstline ON logchunks (logid, first_line);
CREATE INDEX logchunks_lastline ON logchunks (logid, last_line);
COMMIT;
