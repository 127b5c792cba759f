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
      taskQuery
      output
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
        userInput
        subtaskQuery
        agentInput
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
            output
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
