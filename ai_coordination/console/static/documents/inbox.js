import { graphql } from '../graphql.js';
import { QUESTION } from './answer.js';

/** Which questions are open, and whether one has moved: little, because it is asked again and again. */
export const OPEN_QUESTIONS = graphql(`
  query OpenQuestions($of: InboxFilter, $first: Int!) {
    openSessionAgents(state: WAITING_FOR_INPUT, of: $of, first: $first) {
      nodes {
        sessionAgentUuid
        updatedAt
      }
      pageInfo {
        hasNextPage
      }
    }
  }
`);

export const INBOX = graphql(`
  query Inbox($of: InboxFilter, $first: Int!) {
    openSessionAgents(state: WAITING_FOR_INPUT, of: $of, first: $first) {
      nodes {
        sessionUuid
        sessionAgentUuid
        agentUuid
        agent {
          agentName
        }
        ask {
          title
          assignee
          group
          claimedBy
          askedAt
          dueAt
        }
        session {
          taskName
          coordinationName
        }
      }
      pageInfo {
        hasNextPage
      }
    }
  }
`);

/** Whether a question has moved since it was read. */
export const QUESTION_MOVED = graphql(`
  query QuestionMoved($sessionUuid: ID!, $sessionAgentUuid: ID!) {
    sessionAgent(sessionUuid: $sessionUuid, sessionAgentUuid: $sessionAgentUuid) {
      updatedAt
    }
  }
`);

export const ONE_QUESTION = graphql(
  `
    query OneQuestion($sessionUuid: ID!, $sessionAgentUuid: ID!) {
      sessionAgent(sessionUuid: $sessionUuid, sessionAgentUuid: $sessionAgentUuid) {
        ...Question
        updatedAt
        coordinationUuid
        agentUuid
        agent {
          agentName
        }
        session {
          taskName
          coordinationName
          userId
        }
      }
    }
  `,
  [QUESTION],
);
