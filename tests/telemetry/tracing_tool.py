"""A tool with the official library of OpenTelemetry, which knows nothing of us but variables."""

import os
import sys

from opentelemetry import propagate, trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def main() -> None:
    """Tell a span within a span, and a record of a log within that."""
    tracing, logging = TracerProvider(), LoggerProvider()
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    logging.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    carrier = {name: os.environ[name.upper()] for name in ("traceparent", "tracestate")}
    tracer = tracing.get_tracer("tool")
    with tracer.start_as_current_span("invoke_agent tool", context=propagate.extract(carrier)):
        with tracer.start_as_current_span("chat gpt-5") as chat:
            chat.set_attribute("gen_ai.operation.name", "chat")
            chat.set_attribute("gen_ai.usage.input_tokens", 12)
            chat.set_attribute("gen_ai.response.finish_reasons", ["stop"])
            chat.set_attribute("gen_ai.input.messages", os.environ["PROMPT"])
            logging.get_logger("tool").emit(
                severity_number=SeverityNumber.WARN,
                body=os.environ["PROMPT"],
                event_name="tool.warned",
                attributes={"tool_name": "shell", "arguments": os.environ["PROMPT"]},
            )
        trace.get_current_span().record_exception(ValueError(os.environ["PROMPT"]))
    tracing.shutdown()
    logging.shutdown()
    sys.stdout.write("done")


if __name__ == "__main__":
    main()
