import { graphql } from '../graphql.js';
import { QUESTION } from './answer.js';

/** What has moved in a session: asked again and again while somebody watches it. */
export const CHANGES = graphql(`
  query SessionChanges($coordinationUuid: ID!, $sessionUuid: ID!, $after: String) {
    session(coordinationUuid: $coordinationUuid, sessionUuid: $sessionUuid) {
      status
      iterationCount
      startedAt
      finishedAt
      updatedAt
      usage {
        inputTokens
        outputTokens
      }
      dollars
      changes(after: $after) {
        cursor
        whole
        pollAfterSeconds
        agents {
          sessionAgentUuid
          agentUuid
          parentUuid
          round
          itemIndex
          superseded
          state
          attempt
          turn
          notes
          createdAt
          updatedAt
          predecessorUuids
          usage {
            inputTokens
            outputTokens
          }
          heartbeat {
            note
            percent
          }
          ask {
            kind
            title
            assignee
            group
            claimedBy
            askedAt
            answeredAt
          }
          agent {
            agentName
          }
          agentAction {
            userInTheLoop
            primaryPath
            taskUuid
            delegatesTo
            forEach {
              items
            }
            repeat {
              maxRounds
            }
            retry {
              maxAttempts
            }
          }
        }
        runs {
          runUuid
          sessionAgentUuid
          attempt
          turn
          iteration
          outcome
          notes
          createdAt
          finishedAt
        }
      }
    }
  }
`);

/** What a session itself says. It is loaded again only when the session has changed. */
export const SESSION = graphql(`
  query Session($coordinationUuid: ID!, $sessionUuid: ID!) {
    session(coordinationUuid: $coordinationUuid, sessionUuid: $sessionUuid) {
      coordinationUuid
      coordinationName
      taskUuid
      taskName
      scheduleUuid
      userId
      labels {
        key
        value
      }
      status
      createdAt
      deadlineAt
      taskQuery(firstCharacters: 20001)
      output(firstCharacters: 20001)
      budget {
        tokens
        dollars
        seconds
      }
      inputFiles {
        name
        mediaType
        uri
      }
      logs {
        at
        level
        message
        sessionAgentUuid
      }
    }
  }
`);

export const CANCEL = graphql(`
  mutation CancelSession($input: CancelSessionInput!) {
    cancelSession(input: $input) {
      session {
        status
      }
    }
  }
`);

export const RETRY = graphql(`
  mutation RetrySession($input: RetrySessionInput!) {
    retrySession(input: $input) {
      session {
        status
      }
    }
  }
`);

/** Everything about one agent: what it was told, what it has said, and each of its attempts. */
export const AGENT = graphql(
  `
    query SessionAgent($sessionUuid: ID!, $sessionAgentUuid: ID!) {
      sessionAgent(sessionUuid: $sessionUuid, sessionAgentUuid: $sessionAgentUuid) {
        ...Question
        agentUuid
        superseded
        attempt
        notes
        deadlineAt
        createdAt
        userInput(firstCharacters: 20001)
        subtaskQuery
        agentInput(firstCharacters: 20001)
        heartbeat {
          at
          note
          percent
        }
        agent {
          agentName
          agentDescription
          runtime {
            kind
            target
          }
        }
        agentAction {
          when
          input
          delaySeconds
          timeoutSeconds
          answerTimeoutSeconds
          heartbeatSeconds
          onFailure
          userInTheLoop
          primaryPath
          taskUuid
          forEach {
            items
            maxConcurrency
            toleratedFailures
          }
          repeat {
            until
            maxRounds
          }
          retry {
            maxAttempts
            intervalSeconds
            backoffRate
          }
        }
        sessionRuns(first: 50) {
          nodes {
            runUuid
            attempt
            turn
            iteration
            outcome
            notes
            output(firstCharacters: 2000)
            createdAt
            finishedAt
            usage {
              inputTokens
              outputTokens
              model
            }
          }
          pageInfo {
            hasNextPage
          }
        }
      }
    }
  `,
  [QUESTION],
);

/** Whole texts of a session, and of one agent: for the person who wants to read all. */
export const SESSION_TEXTS = graphql(`
  query SessionTexts($coordinationUuid: ID!, $sessionUuid: ID!) {
    session(coordinationUuid: $coordinationUuid, sessionUuid: $sessionUuid) {
      taskQuery
      output
    }
  }
`);

export const AGENT_TEXTS = graphql(`
  query AgentTexts($sessionUuid: ID!, $sessionAgentUuid: ID!) {
    sessionAgent(sessionUuid: $sessionUuid, sessionAgentUuid: $sessionAgentUuid) {
      userInput
      agentInput
    }
  }
`);
