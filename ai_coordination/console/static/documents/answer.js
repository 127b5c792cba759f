import { graphql } from '../graphql.js';

/** Everything about a question that a person needs to answer it, or to see who has. */
export const QUESTION = graphql(`
  fragment Question on SessionAgent {
    sessionUuid
    sessionAgentUuid
    state
    turn
    updatedAt
    agentOutput
    agentAction {
      maxTurns
    }
    currentRun {
      runUuid
    }
    ask {
      kind
      title
      question
      assignee
      group
      claimedBy
      claimedAt
      form
      options
      default
      onTimeout
      onRejection
      askedAt
      dueAt
      answeredBy
      answeredAt
      approved
      choice
      answer
      comment
    }
  }
`);

export const ANSWER = graphql(
  `
    mutation Answer($input: AnswerSessionAgentInput!) {
      answerSessionAgent(input: $input) {
        sessionAgent {
          ...Question
        }
      }
    }
  `,
  [QUESTION],
);

export const CLAIM = graphql(
  `
    mutation Claim($input: ClaimSessionAgentInput!) {
      claimSessionAgent(input: $input) {
        sessionAgent {
          ...Question
        }
      }
    }
  `,
  [QUESTION],
);

export const RELEASE = graphql(
  `
    mutation Release($input: ReleaseSessionAgentInput!) {
      releaseSessionAgent(input: $input) {
        sessionAgent {
          ...Question
        }
      }
    }
  `,
  [QUESTION],
);
