ALTER TABLE `oauth_states` ADD `ticket` text;--> statement-breakpoint
CREATE INDEX `oauth_states_ticket` ON `oauth_states` (`ticket`);