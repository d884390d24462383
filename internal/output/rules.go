package output

// action is what an event does to the output.
type action int

const (
	openItem   action = iota + 1 // an item begins
	closeItem                    // an item, whole
	openPart                     // a part of an item begins
	closePart                    // a part of an item, whole
	addText                      // the next piece of a text
	closeText                    // a text, whole
	annotate                     // one annotation of a text
	finishItem                   // an item has ended; the event does not hold it
)

// rule says where the value of an event belongs.
type rule struct {
	do action
	// item is the type of an item that is known from such events alone.
	item string
	// list of parts in the item, and the member of the event that counts them; "" if
	// the text is a member of the item itself.
	list, index string
	// part is the type of a part that is known from such events alone.
	part string
	// member of the part, or of the item, that is the text.
	member string
	// value is the member of the event that holds the text.
	value string
}

// rules are the events from which an output can be rebuilt, by their type. All
// others mean nothing to it, except that a type which ends with ".delta" may hold
// something that is lost without the end of its item.
var rules = map[string]rule{
	"response.output_item.added": {do: openItem},
	"response.output_item.done":  {do: closeItem},

	"response.content_part.added": {do: openPart, item: "message", list: "content", index: "content_index"},
	"response.content_part.done":  {do: closePart, item: "message", list: "content", index: "content_index"},
	"response.output_text.delta":  {addText, "message", "content", "content_index", "output_text", "text", "delta"},
	"response.output_text.done":   {closeText, "message", "content", "content_index", "output_text", "text", "text"},
	"response.refusal.delta":      {addText, "message", "content", "content_index", "refusal", "refusal", "delta"},
	"response.refusal.done":       {closeText, "message", "content", "content_index", "refusal", "refusal", "refusal"},

	"response.output_text.annotation.added": {do: annotate, item: "message", list: "content", index: "content_index", part: "output_text", member: "text"},
	"response.output_text_annotation.added": {do: annotate, item: "message", list: "content", index: "content_index", part: "output_text", member: "text"},

	"response.audio.delta":            {addText, "message", "content", "content_index", "output_audio", "data", "delta"},
	"response.audio.done":             {closeText, "message", "content", "content_index", "output_audio", "data", ""},
	"response.audio.transcript.delta": {addText, "message", "content", "content_index", "output_audio", "transcript", "delta"},
	"response.audio.transcript.done":  {closeText, "message", "content", "content_index", "output_audio", "transcript", ""},

	"response.reasoning_summary_part.added": {do: openPart, item: "reasoning", list: "summary", index: "summary_index"},
	"response.reasoning_summary_part.done":  {do: closePart, item: "reasoning", list: "summary", index: "summary_index"},
	"response.reasoning_summary_text.delta": {addText, "reasoning", "summary", "summary_index", "summary_text", "text", "delta"},
	"response.reasoning_summary_text.done":  {closeText, "reasoning", "summary", "summary_index", "summary_text", "text", "text"},
	"response.reasoning_summary.delta":      {addText, "reasoning", "summary", "summary_index", "summary_text", "text", "delta"},
	"response.reasoning_summary.done":       {closeText, "reasoning", "summary", "summary_index", "summary_text", "text", "text"},
	"response.reasoning_text.delta":         {addText, "reasoning", "content", "content_index", "reasoning_text", "text", "delta"},
	"response.reasoning_text.done":          {closeText, "reasoning", "content", "content_index", "reasoning_text", "text", "text"},
	"response.reasoning.delta":              {addText, "reasoning", "content", "content_index", "reasoning_text", "text", "delta"},
	"response.reasoning.done":               {closeText, "reasoning", "content", "content_index", "reasoning_text", "text", "text"},

	"response.function_call_arguments.delta":         {addText, "function_call", "", "", "", "arguments", "delta"},
	"response.function_call_arguments.done":          {closeText, "function_call", "", "", "", "arguments", "arguments"},
	"response.custom_tool_call_input.delta":          {addText, "custom_tool_call", "", "", "", "input", "delta"},
	"response.custom_tool_call_input.done":           {closeText, "custom_tool_call", "", "", "", "input", "input"},
	"response.mcp_call_arguments.delta":              {addText, "mcp_call", "", "", "", "arguments", "delta"},
	"response.mcp_call_arguments.done":               {closeText, "mcp_call", "", "", "", "arguments", "arguments"},
	"response.mcp_call.arguments.delta":              {addText, "mcp_call", "", "", "", "arguments", "delta"},
	"response.mcp_call.arguments.done":               {closeText, "mcp_call", "", "", "", "arguments", "arguments"},
	"response.code_interpreter_call_code.delta":      {addText, "code_interpreter_call", "", "", "", "code", "delta"},
	"response.code_interpreter_call_code.done":       {closeText, "code_interpreter_call", "", "", "", "code", "code"},
	"response.code_interpreter_call.code.delta":      {addText, "code_interpreter_call", "", "", "", "code", "delta"},
	"response.code_interpreter_call.code.done":       {closeText, "code_interpreter_call", "", "", "", "code", "code"},
	"response.apply_patch_call_operation_diff.delta": {addText, "apply_patch_call", "", "", "", "operation.diff", "delta"},
	"response.apply_patch_call_operation_diff.done":  {closeText, "apply_patch_call", "", "", "", "operation.diff", "diff"},

	"response.web_search_call.completed":       {do: finishItem, item: "web_search_call"},
	"response.file_search_call.completed":      {do: finishItem, item: "file_search_call"},
	"response.code_interpreter_call.completed": {do: finishItem, item: "code_interpreter_call"},
	"response.mcp_list_tools.completed":        {do: finishItem, item: "mcp_list_tools"},
	"response.mcp_call.completed":              {do: finishItem, item: "mcp_call"},
}
